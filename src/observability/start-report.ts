import { resolve } from 'node:path';

/** What a start has to tell. */
export interface Started {
  /** Where the service listens, without a last slash. */
  readonly url: string;
  readonly databaseUrl: string;
  /** In the order of the catalogue: the first is the default. */
  readonly models: readonly { readonly id: string; readonly provider: { readonly name: string } }[];
  readonly providers: readonly { readonly name: string; readonly baseUrl: string }[];
  /** What is set and leads to nothing. */
  readonly modelHints: readonly string[];
}

/** Which models are served and by whom, and where everything is. No line has a key or a password. */
export function startLines(started: Started): string[] {
  const { url, databaseUrl, models, modelHints } = started;
  const served = models.map(({ id, provider }) => `${id} (${whereIs(provider.name, started)})`);
  return [
    `Models, the default first: ${served.join(', ')}`,
    `Page: ${url}/, docs: ${url}/api/docs/, database: ${placeOf(databaseUrl)}`,
    ...modelHints,
  ];
}

function whereIs(name: string, { providers }: Started): string {
  const places = providers.filter((one) => one.name === name).map(({ baseUrl }) => baseUrl);
  return places.length > 0 ? `${name} at ${[...new Set(places)].join(' and ')}` : 'built in';
}

/** The file, or the server and the name of the database there. */
function placeOf(databaseUrl: string): string {
  if (databaseUrl.startsWith('sqlite:')) return resolve(databaseUrl.slice('sqlite:'.length));
  const { host, pathname } = new URL(databaseUrl);
  return `PostgreSQL at ${host}${pathname}`;
}
