import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Databases } from './database.js';
import type * as People from './people.js';
import { addPeople } from './people.js';
import { ServerProcess } from './server-process.js';

/** One part of the bench: what is printed, and the figures behind it. */
export interface Section {
  readonly title: string;
  readonly table: string;
  readonly figures: unknown;
}

const peopleOf = (build: string) =>
  import(pathToFileURL(resolve(build, 'dist/bench/people.js')).href) as Promise<typeof People>;

/** A database with the schema of the service, of this build or the one in the folder `build`, and the people to drive it with. */
export async function filledDatabase(databases: Databases, build = '.'): Promise<string> {
  const url = await databases.create();
  const service = await ServerProcess.service(url, { build });
  // Another build has another schema, and its own bench knows it.
  const add = build === '.' ? addPeople : (await peopleOf(build)).addPeople;
  try {
    await add(url, service.url);
  } finally {
    await service.stop();
  }
  return url;
}

/** Starts a server, works with it, and stops it, whatever comes of the work. */
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
