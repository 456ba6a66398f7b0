import { randomInt } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { quietSqlite3 } from './data-source.js';

/** The first half of our advisory locks' key; the second is the process. */
export const LOCK_SPACE = 0x7a11;
const ID_MAX = 2 ** 31 - 1;

/** Another process serves the same SQLite file. */
export class FileInUse extends Error {}

/**
 * Tells the living from the dead, so that what a killed process left half-done can be resolved at once.
 * The lease is a lock which the database or the kernel drops with the process, whatever ended it:
 * on PostgreSQL an advisory lock, on SQLite the exclusive lock of a file beside the database, which
 * also keeps a second process from serving it.
 */
@Injectable()
export class ProcessLease implements OnApplicationShutdown {
  /** This process, among all that use the database. */
  readonly id = randomInt(1, ID_MAX);
  private runner: QueryRunner | undefined;
  private lockFile: DataSource | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Takes the lease. Throws `FileInUse` where another process serves this SQLite file. */
  async acquire(): Promise<void> {
    const { options } = this.dataSource;
    if (options.type === 'sqlite') await this.lockBeside(options.database);
    else await this.lockOnServer();
  }

  /**
   * Takes it again if the connection that carried it was lost. Throws while the server has not noticed
   * the loss and keeps the lock: until then the process looks alive all the same.
   */
  async renew(): Promise<void> {
    if (!this.runner) return;
    try {
      await this.runner.query('SELECT 1');
    } catch {
      await this.runner.release().catch(() => undefined);
      await this.lockOnServer();
    }
  }

  /** Whether the process that once had this id is gone. */
  async isDead(id: number): Promise<boolean> {
    if (id === this.id) return false;
    if (this.dataSource.options.type === 'sqlite') return true;
    // Granted only when nobody has it, and given back when this statement ends.
    const [row] = await this.dataSource.query<{ free: boolean }[]>(
      'SELECT pg_try_advisory_xact_lock($1, $2) AS free',
      [LOCK_SPACE, id],
    );
    return row?.free === true;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.runner?.release();
    await this.lockFile?.destroy();
  }

  private async lockOnServer(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const [row] = (await runner.query('SELECT pg_try_advisory_lock($1, $2) AS granted', [
        LOCK_SPACE,
        this.id,
      ])) as { granted: boolean }[];
      if (!row?.granted) throw new Error(`the lease ${String(this.id)} is taken`);
    } catch (error) {
      await runner.release();
      throw error;
    }
    this.runner = runner;
  }

  private async lockBeside(database: string): Promise<void> {
    const file = await new DataSource({
      type: 'sqlite',
      driver: quietSqlite3,
      database: `${database}.lock`,
    }).initialize();
    try {
      await file.query('BEGIN EXCLUSIVE');
    } catch (error) {
      await file.destroy();
      throw new FileInUse(
        `another process serves ${database}: stop it, or use PostgreSQL for several processes`,
        { cause: error },
      );
    }
    this.lockFile = file;
  }
}
