import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import type { FileLease } from './sqlite/file-lease.js';
import { needNewest } from './migrate.js';

/** The first half of the key of our advisory locks. The second half is the process id of the lease. */
export const LOCK_SPACE = 0x7a11;
const ID_MAX = 2 ** 31 - 1;
/** A restart of the server ends all leases at once. Running processes get this time to take theirs again. */
const RENEWAL_GRACE_MS = 15_000;

/**
 * Shows which processes still run, so that the unfinished work of a killed process can be resolved at once. The
 * lease is a lock that the database or the kernel drops when the process ends, for any reason. On PostgreSQL it is
 * an advisory lock. On SQLite it is a lock of the file, which also prevents a second process from serving it.
 */
@Injectable()
export class ProcessLease {
  /** Identifies this process among all that use the database. */
  readonly id = randomInt(1, ID_MAX);
  private runner: QueryRunner | undefined;
  private file: FileLease | undefined;
  /** When the connection that holds the lease was found lost, by `performance.now()`. */
  private lostAt = -Infinity;

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes the lease. On PostgreSQL this is a lock on the server. On SQLite it was taken before the file was opened.
   */
  async acquire(file: FileLease | undefined): Promise<void> {
    this.file = file;
    if (!file) await this.lockOnServer();
  }

  /**
   * Takes the lease again if its connection was lost. Throws if the server has not noticed the loss and still holds
   * the lock; the process then still counts as running. Throws `FileMoved` if an SQLite file is no longer at its
   * path.
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
   * Checks whether the process with this id has ended. Returns false for a short time after this process has lost
   * its own lease: the other processes may have lost theirs for the same reason, and still run.
   */
  async hasProcessEnded(id: number): Promise<boolean> {
    if (id === this.id) return false;
    if (this.dataSource.options.type === 'sqlite') return true;
    if (performance.now() - this.lostAt < RENEWAL_GRACE_MS) return false;
    // Granted only if no process has the lock. It is released when this statement ends.
    const [row] = await this.dataSource.query<{ free: boolean }[]>(
      'SELECT pg_try_advisory_xact_lock($1, $2) AS free',
      [LOCK_SPACE, id],
    );
    return row?.free === true;
  }

  /** Releases the lease and closes the database: a lease on the server before that, a lease on a file after it. */
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
      await needNewest(this.dataSource, runner);
    } catch (error) {
      await runner.release();
      throw error;
    }
    this.runner = runner;
  }
}
