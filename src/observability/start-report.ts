import { sqlitePathOf } from '../database/location.js';

/** The facts about a started service. */
export interface Started {
  /** The URL of the service, without a slash at the end. */
  readonly url: string;
  readonly databaseUrl: string;
  /** In the order of the catalogue. The first one is the default. */
  readonly models: readonly { readonly id: string; readonly provider: { readonly name: string } }[];
  readonly providers: readonly { readonly name: string; readonly baseUrl: string }[];
  /** Hints about settings that have no effect. */
  readonly hints: readonly string[];
}

/**
 * Returns log lines with the models, their providers, and the addresses of the service. They never contain a key or
 * a password.
 */
export function startLines(started: Started): string[] {
  const { url, databaseUrl, models, hints } = started;
  const served = models.map(({ id, provider }) => `${id} (${addressOf(provider.name, started)})`);
  return [
    `Models, the default first: ${served.join(', ')}`,
    `Page: ${url}/, docs: ${url}/api/docs/, database: ${locationOf(databaseUrl)}`,
    ...hints,
  ];
}

function addressOf(name: string, { providers }: Started): string {
  const addresses = providers.filter((one) => one.name === name).map(({ baseUrl }) => baseUrl);
  return addresses.length > 0 ? `${name} at ${[...new Set(addresses)].join(' and ')}` : 'built in';
}

/** Returns the path of the file, or the server and the name of its database. */
function locationOf(databaseUrl: string): string {
  const path = sqlitePathOf(databaseUrl);
  if (path !== undefined) return path;
  const { host, pathname } = new URL(databaseUrl);
  return `PostgreSQL at ${host}${pathname}`;
}
