import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import type { FileLease } from './file-lease.js';

/** The first half of our advisory locks' key; the second is the process. */
export const LOCK_SPACE = 0x7a11;
const ID_MAX = 2 ** 31 - 1;
/** After a restart of the server all leases are lost at once: so long the living may need to take theirs again. */
const RENEWAL_GRACE_MS = 15_000;

/**
 * Tells the living from the dead, so that what a killed process left half-done can be resolved at once.
 * The lease is a lock which the database or the kernel drops with the process, whatever ended it:
 * on PostgreSQL an advisory lock, on SQLite a lock of the file, which also keeps a second process from
 * serving it.
 */
@Injectable()
export class ProcessLease {
  /** This process, among all that use the database. */
  readonly id = randomInt(1, ID_MAX);
  private runner: QueryRunner | undefined;
  private file: FileLease | undefined;
  /** When the connection that carried it was found lost, by `performance.now()`. */
  private lostAt = -Infinity;

  constructor(private readonly dataSource: DataSource) {}

  /** Takes the lease: on PostgreSQL a lock there, on SQLite the one that was taken before the file was opened. */
  async acquire(file: FileLease | undefined): Promise<void> {
    this.file = file;
    if (!file) await this.lockOnServer();
  }

  /**
   * Takes it again if the connection that carried it was lost. Throws while the server has not noticed
   * the loss and keeps the lock: until then the process looks alive all the same. Throws `FileMoved` where an
   * SQLite file is no longer where it was.
   */
  async renew(): Promise<void> {
    await this.file?.renew();
    if (!this.runner) return;
    try {
      await this.runner.query('SELECT 1');
    } catch {
      this.lostAt = performance.now();
      await this.runner.release().catch(() => undefined);
      await this.lockOnServer();
    }
  }

  /**
   * Whether the process that once had this id is gone. Nobody is taken for gone just after this process has lost its own
   * lease: the others may have lost theirs by the same fault, and live.
   */
  async isDead(id: number): Promise<boolean> {
    if (id === this.id) return false;
    if (this.dataSource.options.type === 'sqlite') return true;
    if (performance.now() - this.lostAt < RENEWAL_GRACE_MS) return false;
    // Granted only when nobody has it, and given back when this statement ends.
    const [row] = await this.dataSource.query<{ free: boolean }[]>(
      'SELECT pg_try_advisory_xact_lock($1, $2) AS free',
      [LOCK_SPACE, id],
    );
    return row?.free === true;
  }

  /** Gives the lease back around the closing of the database: a server's before it, a file's after it. */
  async release(closeDatabase: () => Promise<void>): Promise<void> {
    await this.runner?.release();
    await closeDatabase();
    await this.file?.release();
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
}
