import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { revertLast } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations.js';
import { ProcessLease } from '../../src/database/process-lease.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { TestApp } from '../support/app.js';
import { databaseKinds, onServer } from '../support/databases.js';
import { openMigrated } from '../support/migrated.js';
import { until } from '../support/until.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('the lease of a living process on %s', (kind) => {
  let app: TestApp;
  let sweeper: HoldSweeper;
  let holds: HoldsService;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    sweeper = app.nest.get(HoldSweeper);
    holds = app.nest.get(HoldsService);
    await sweeper.onModuleDestroy(); // the specs call its rounds themselves
  });
  afterAll(() => app.close());

  /** Returns whether another process would consider this lease as ended, and take over its holds. */
  const looksDead = async (id = app.nest.get(ProcessLease).id): Promise<boolean | undefined> => {
    const sql = 'SELECT pg_try_advisory_xact_lock($1, $2) AS free';
    return (await app.database.rows<{ free: boolean }>(sql, [0x7a11, id]))[0]?.free;
  };

  const dropConnections = () =>
    app.database.rows(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );

  it('exists from the start', async () => {
    expect(await looksDead()).toBe(false);
  });

  it('is taken again in the next round after a lost connection', async () => {
    await dropConnections();
    expect(await looksDead()).toBe(true);
    await sweeper.sweep();
    expect(await looksDead()).toBe(false);
  });

  it('is taken when the server notices the loss; sweeps continue until then', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    await app.nest.get(UnitOfWork).run((tx) => holds.hold(tx, { ownerId, amount: 100 }));
    await app.database.rows('UPDATE holds SET expires_at = 0 WHERE owner_id = $1', [ownerId]);
    await dropConnections();
    const ghost = new pg.Client({ connectionString: app.databaseUrl });
    await ghost.connect();
    const key = [0x7a11, app.nest.get(ProcessLease).id];
    await ghost.query('SELECT pg_advisory_lock($1, $2)', key);
    await sweeper.sweep();
    const isExpired = `owner_id = $1 AND state = 'expired'`;
    expect(await app.database.count('holds', isExpired, [ownerId])).toBe(1);
    expect(await ada.balance()).toBe(4000);
    await ghost.query('SELECT pg_advisory_unlock($1, $2)', key);
    expect(await looksDead()).toBe(true);
    await sweeper.sweep();
    expect(await looksDead()).toBe(false);
    await ghost.end();
  });

  it('protects its holds from other processes until it ends and a grace period is over', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    const other = new pg.Client({ connectionString: app.databaseUrl });
    await other.connect();
    await other.query('SELECT pg_advisory_lock($1, $2)', [0x7a11, 7]);
    await app.nest.get(UnitOfWork).run((tx) => holds.hold(tx, { ownerId, amount: 100 }));
    await app.database.rows('UPDATE holds SET process_id = 7 WHERE owner_id = $1', [ownerId]);
    await sweeper.sweep();
    expect(await ada.balance()).toBe(3900);
    await other.end();
    await until(async () => (await looksDead(7)) === true);
    // This process has just lost its own lease, so the other process may also still be running.
    Reflect.set(app.nest.get(ProcessLease), 'lostAt', performance.now());
    await sweeper.sweep();
    expect(await ada.balance()).toBe(3900);
    Reflect.set(app.nest.get(ProcessLease), 'lostAt', performance.now() - 15_000);
    await sweeper.sweep();
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('is taken again even if the database first refused the new connection', async () => {
    const [row] = await app.database.rows<{ name: string }>('SELECT current_database() AS name');
    const name = row?.name ?? '';
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await dropConnections();
    await expect(sweeper.sweep()).rejects.toThrow('The database does not answer.');
    expect(await looksDead()).toBe(true);
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await sweeper.sweep();
    expect(await looksDead()).toBe(false);
    await sweeper.sweep();
    expect(await looksDead()).toBe(false);
    expect((await (await app.newUser()).chat('as ever')).status).toBe(200);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});

describe.each(postgres)('the leases of two releases on %s', (kind) => {
  it('prevent a revert of the newest migration only while a process of its release serves', async () => {
    const opened = await openMigrated(kind);
    const { database } = opened;
    const newest = migrations.at(-1)?.name ?? '';
    const serve = async (known: typeof migrations) => {
      const options = { ...database.options, migrations: known };
      const served = await new DataSource(options).initialize();
      const lease = new ProcessLease(served);
      await lease.acquire(undefined);
      return () => lease.release(() => served.destroy());
    };
    const stopOlder = await serve(migrations.slice(0, -1));
    const stopNewer = await serve(migrations);
    await expect(revertLast(database)).rejects.toThrow(
      `a process that needs ${newest} serves this database: stop it first`,
    );
    expect(await database.query('SELECT * FROM migrations')).toHaveLength(migrations.length);
    await stopNewer();
    expect(await revertLast(database)).toBe(newest);
    await expect(revertLast(database)).rejects.toThrow('serves this database: stop it first');
    await stopOlder();
    await opened.drop();
  });
});
