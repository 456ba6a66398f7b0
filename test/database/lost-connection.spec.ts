import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Database, dataSourceOptions } from '../../src/database/data-source.js';
import { toServiceError } from '../../src/database/service-errors.js';
import { withoutSilenceLimit, endOnSilence } from '../../src/database/postgres/server-silence.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { DatabaseNotAnswering } from '../../src/errors.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { TestApp } from '../support/app.js';
import {
  createDatabase,
  databaseKinds,
  Inspector,
  type TestDatabase,
} from '../support/databases.js';
import { balancedLedgerState, readLedgerState } from '../support/gated-answers.js';
import { modelsOf } from '../support/models-file.js';
import { Pooler } from '../support/pooler.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

/** Long enough for an answer of a server on a busy machine. */
const SILENCE_MS = 500;

describe.each(postgres)('a connection to %s', (kind) => {
  let owned: TestDatabase;
  let look: Inspector;
  let between: Server;
  let database: Database;
  /** Data from the server that was not delivered yet. Undefined while data is delivered at once. */
  let heldBackData: Buffer[] | undefined;
  let deliverHeldBack: () => void;
  let connected: () => Promise<pg.Client>;

  beforeEach(async () => {
    owned = await createDatabase(kind);
    look = await Inspector.open(owned.url);
    const url = new URL(owned.url);
    const { port, hostname } = url;
    between = createServer((client) => {
      const server = connect(Number(port), hostname);
      client.pipe(server);
      server.on('data', (said) => (heldBackData ? heldBackData.push(said) : client.write(said)));
      server.on('end', () => !heldBackData && client.end());
      deliverHeldBack = () => client.end(Buffer.concat(heldBackData ?? []));
      for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    });
    await once(between.listen(0, '127.0.0.1'), 'listening');
    url.port = String((between.address() as AddressInfo).port);
    database = new Database(dataSourceOptions({ url: url.href, poolMax: 1, entities: [] }));
    await database.initialize();
    connected = async () => {
      const client = new pg.Client({ connectionString: url.href });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };
  });
  afterEach(async () => {
    await database.destroy();
    between.close();
    await look.close();
    await owned.drop();
  });

  it('fails one statement and not the process if it is lost between two statements', async () => {
    const statement = '/* lost */ SELECT CAST(1 AS bigint) AS one';
    const served = `FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '/* lost%'`;
    heldBackData = [];
    const first = database.statements.rows(statement, []);
    const next = new UnitOfWork(database).run((tx) => tx.write(statement, []));
    await until(async () => (await look.rows(`SELECT 1 ${served} AND state = 'idle'`)).length > 0);
    await look.rows(`SELECT pg_terminate_backend(pid) ${served}`);
    await until(async () => (await look.rows(`SELECT 1 ${served}`)).length === 0);
    await until(() => Buffer.concat(heldBackData ?? []).includes('57P01'));
    deliverHeldBack();
    expect(await first).toEqual([{ one: 1 }]);
    await expect(next).rejects.toThrow();
    heldBackData = undefined;
    expect(await database.statements.rows(statement, [])).toEqual([{ one: 1 }]);
  });

  it('is closed if a statement gets no answer in time, and stays open while it is idle', async () => {
    const client = await connected();
    endOnSilence(client, SILENCE_MS);
    await sleep(2.5 * SILENCE_MS);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    heldBackData = [];
    const answer: unknown = await client.query('SELECT 2').catch(toServiceError);
    expect(answer).toBeInstanceOf(DatabaseNotAnswering);
    heldBackData = undefined;
  });

  it('is closed by end() even if the server does not answer', async () => {
    const client = await connected();
    endOnSilence(client, SILENCE_MS);
    heldBackData = [];
    await client.end();
    heldBackData = undefined;
  });

  it('is not closed during a statement without a time limit', async () => {
    const client = await connected();
    endOnSilence(client, SILENCE_MS);
    const slowly = withoutSilenceLimit(client, () =>
      client.query(`SELECT 3 AS three, pg_sleep(${String((2.5 * SILENCE_MS) / 1000)})`),
    );
    expect((await slowly).rows).toMatchObject([{ three: 3 }]);
    await client.end();
  });
});

describe.each(postgres)('a connection to %s that is lost during a commit', (kind) => {
  it('keeps no tokens: the next sweep releases the hold, and a release is made once', async () => {
    const owned = await createDatabase(kind);
    const pooler = await Pooler.start(owned.url, 'session');
    let fail: () => void = () => undefined;
    const failing = new Promise<void>((resolve) => (fail = resolve));
    const upstream = await Upstream.start({
      broken: async (call) => {
        await failing;
        call.open(500, 'application/json').response.end('{}');
      },
    });
    const models = modelsOf(upstream.baseUrl, ['broken']);
    const app = await TestApp.start(kind, { ...models, DATABASE_URL: pooler.url });
    const sweeper = app.nest.get(HoldSweeper);
    await sweeper.onModuleDestroy(); // so that its own commits are not the ones that are lost
    const ada = await app.newUser();
    const key = { 'Idempotency-Key': 'one' };
    const ask = () => ada.send('POST', '/api/chat/', { message: 'hi', model: 'flat:broken' }, key);

    pooler.cutsNextCommit = true;
    const inUse = await ask();
    expect([inUse.status, inUse.body.code]).toEqual([409, 'idempotency_key_in_use']);
    expect(await readLedgerState(owned.url)).toEqual({ ...balancedLedgerState(0), open: 1 });
    await sweeper.sweep();
    expect(await readLedgerState(owned.url)).toEqual(balancedLedgerState(0));
    expect(upstream.calls).toEqual([]);

    // The key is free again. Now the commit of its release will be lost.
    const failed = ask();
    await until(() => upstream.calls.length === 1);
    pooler.cutsNextCommit = true;
    fail();
    expect((await failed).status).toBe(502);
    expect(pooler.cutsNextCommit).toBe(false);
    expect(await ada.balance()).toBe(4000);
    expect(await readLedgerState(owned.url)).toEqual(balancedLedgerState(0));
    await app.close();
    await upstream.stop();
    await pooler.stop();
    await owned.drop();
  });
});
