import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Databases } from './database.js';
import type * as People from './people.js';
import { addPeople } from './people.js';
import { ServerProcess } from './server-process.js';

/** One part of the bench: its table, and the figures behind it. */
export interface Section {
  readonly title: string;
  readonly table: string;
  readonly figures: unknown;
}

const peopleOf = (build: string) =>
  import(pathToFileURL(resolve(build, 'dist/bench/people.js')).href) as Promise<typeof People>;

/**
 * Creates a database with the schema of the service and the users of the bench. `build` is the folder of another
 * build.
 */
export async function filledDatabase(databases: Databases, build = '.'): Promise<string> {
  const url = await databases.create();
  const service = await ServerProcess.service(url, { build });
  // Another build has another schema, and its own bench fits it.
  const add = build === '.' ? addPeople : (await peopleOf(build)).addPeople;
  try {
    await add(url, service.url);
  } finally {
    await service.stop();
  }
  return url;
}

/** Starts a server, runs `work` with it, and always stops it. */
export async function withServer<T>(
  starting: Promise<ServerProcess>,
  work: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await starting;
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
