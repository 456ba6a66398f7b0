import sqlite3 from 'sqlite3';
import { READS, chargeRows, digestOf, nowMicros, walletRows, writes } from './statements.js';
import {
  TOKEN_IDLE_MICROS,
  type Caller,
  type Charge,
  type PaidWallet,
  type PastTurn,
  type Store,
} from './store.js';

type Statement = sqlite3.Statement;

const forSqlite = (sql: string) => sql.replaceAll(/\$(\d)/g, '?$1');

function open(path: string, pragmas: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(path, (failure) => {
      if (failure) reject(failure);
    });
    database.exec(pragmas, (failure) => {
      if (failure) reject(failure);
      else resolve(database);
    });
  });
}

function all<Row>(statement: Statement, parameters: readonly unknown[]): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    statement.all<Row>(parameters, (failure, rows) => {
      if (failure) reject(failure);
      else resolve(rows);
    });
  });
}

/** The service's database with prepared statements only: one connection that writes, and one that reads. */
export class SqliteStore implements Store {
  private readonly reads: Record<keyof typeof READS, Statement>;
  private readonly writes: Record<keyof ReturnType<typeof writes>, Statement>;
  private readonly begin: Statement;
  private readonly commit: Statement;

  private constructor(reader: sqlite3.Database, writer: sqlite3.Database) {
    const read = (sql: string) => reader.prepare(forSqlite(sql));
    this.reads = {
      caller: read(READS.caller),
      passwordHash: read(READS.passwordHash),
      available: read(READS.available),
      page: read(READS.page),
    };
    const { wallets, holds, entries, conversations, turns } = writes('json_each(?1)');
    this.writes = {
      wallets: writer.prepare(wallets),
      holds: writer.prepare(holds),
      entries: writer.prepare(entries),
      conversations: writer.prepare(conversations),
      turns: writer.prepare(turns),
    };
    this.begin = writer.prepare('BEGIN IMMEDIATE');
    this.commit = writer.prepare('COMMIT');
  }

  static async open(path: string): Promise<SqliteStore> {
    const durable =
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON';
    const writer = await open(path, durable);
    return new SqliteStore(await open(path, 'PRAGMA query_only = ON'), writer);
  }

  async callerOf(secret: string): Promise<Caller | undefined> {
    const [row] = await all<Caller & { lastUsedAt: number; isActive: number }>(this.reads.caller, [
      digestOf(secret),
    ]);
    return row?.isActive && row.lastUsedAt + TOKEN_IDLE_MICROS > nowMicros() ? row : undefined;
  }

  async passwordHashOf(username: string): Promise<string> {
    const [row] = await all<{ phc: string }>(this.reads.passwordHash, [username]);
    return row?.phc ?? '';
  }

  async available(ownerId: string): Promise<number> {
    const [row] = await all<{ available: number }>(this.reads.available, [ownerId]);
    return row?.available ?? 0;
  }

  page(ownerId: string, limit: number): Promise<PastTurn[]> {
    return all<PastTurn>(this.reads.page, [ownerId, limit]);
  }

  async charge(charges: readonly Charge[]): Promise<Map<string, PaidWallet>> {
    await all(this.begin, []);
    const wallets = await all<PaidWallet>(this.writes.wallets, [walletRows(charges)]);
    const paid = new Map(wallets.map((wallet) => [wallet.ownerId, wallet]));
    const rows = [chargeRows(charges, paid)];
    await all(this.writes.holds, rows);
    await all(this.writes.entries, rows);
    await all(this.writes.conversations, rows);
    await all(this.writes.turns, rows);
    await all(this.commit, []);
    return paid;
  }
}
