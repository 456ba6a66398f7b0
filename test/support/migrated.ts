import { type Database, openWriter } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { entities } from '../../src/entities.js';
import { createDatabase, type DatabaseKind } from './databases.js';

/** An open database with the schema in it, and no service on top. */
export interface Migrated {
  readonly url: string;
  readonly database: Database;
  drop(): Promise<void>;
}

export async function openMigrated(kind: DatabaseKind, poolMax = 3): Promise<Migrated> {
  const owned = await createDatabase(kind);
  const database = await openWriter({ url: owned.url, poolMax, entities });
  await migrate(database);
  const drop = async () => {
    if (database.isInitialized) await database.destroy();
    await owned.drop();
  };
  return { url: owned.url, database, drop };
}
