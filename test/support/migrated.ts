import { type Database } from '../../src/database/data-source.js';
import { openWriter } from '../../src/database/open-database.js';
import { entities } from '../../src/entities.js';
import { createMigrated, type DatabaseKind } from './databases.js';

/** The tables that specs of the database write to. A table comes before the tables that it refers to. */
const TABLES = ['ledger_entries', 'holds', 'spending_caps', 'wallets', 'users', 'redemption_codes'];

/** An open database with the schema, without a service. */
export interface Migrated {
  readonly url: string;
  readonly database: Database;
  /** Removes the rows of users, wallets, their holds, caps and entries, and codes. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

export async function openMigrated(kind: DatabaseKind, poolMax = 3): Promise<Migrated> {
  const owned = await createMigrated(kind);
  const database = await openWriter({ url: owned.url, poolMax, entities });
  const empty = async () => {
    for (const table of TABLES) await database.statements.rows(`DELETE FROM ${table}`, []);
  };
  const drop = async () => {
    if (database.isInitialized) await database.destroy();
    await owned.drop();
  };
  return { url: owned.url, database, empty, drop };
}
