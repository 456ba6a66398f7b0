import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HttpClient } from '../support/client.js';
import {
  Inspector,
  createMigrated,
  databaseKinds,
  type TestDatabase,
} from '../support/databases.js';
import { HalfSentRequest } from '../support/half-sent-request.js';
import { itAtFullEffort, sample } from '../support/full-effort.js';
import { Service } from '../support/service.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const STOPPING = { detail: 'The service is stopping.', code: 'unavailable' };

let service: Service;
let client: HttpClient;

async function start(settings: Record<string, string> = {}): Promise<void> {
  service = await Service.start(settings);
  client = await service.client();
}

afterEach(async () => {
  client.close();
  await service.remove();
});

const statusOf = async (path: string) => (await client.send({ path })).status;

/** Waits until the process has received the signal. */
const stopping = () => service.sees(/"stopping"/);

describe.each(sample('GET /health/', 2, databaseKinds))('GET /health/ on %s', (kind) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createMigrated(kind);
    await start({ DATABASE_URL: database.url });
  });
  afterEach(() => database.drop());

  it('is 200 without credentials, and 503 for readiness alone while answers under way finish', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      const { status, body } = await client.send({ path });
      expect([status, body]).toEqual([200, { status: 'ok' }]);
    }
    const half = HalfSentRequest.registration(client.url, 'ada');
    await half.begin();
    service.kill('SIGTERM');
    await stopping();
    const { status, body, headers } = await client.send({ path: '/health/ready' });
    expect([status, body, headers['retry-after']]).toEqual([503, STOPPING, '1']);
    expect(await statusOf('/health/live')).toBe(200);
    await half.finish();
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });
});

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('a database on %s that goes away', (kind) => {
  itAtFullEffort(
    'makes readiness and requests 503 without details, is logged once, and does not end the process',
    async () => {
      const database = await createMigrated(kind);
      await start({ DATABASE_URL: database.url });
      expect(await statusOf('/health/ready')).toBe(200);
      await database.drop();
      const { status, body } = await client.send({ path: '/health/ready' });
      const detail = 'The database does not answer.';
      expect([status, body]).toEqual([503, { detail, code: 'unavailable' }]);
      const headers = { Authorization: `Token ${'0'.repeat(40)}` };
      for (let times = 0; times < 5; times += 1) {
        const balance = await client.send({ path: '/api/token-balance/', headers });
        expect([balance.status, balance.body]).toEqual([503, { detail, code: 'unavailable' }]);
        expect(balance.headers['retry-after']).toBe('1');
      }
      const logged = service.log().filter(({ msg }) => msg.startsWith(detail));
      expect(logged).toMatchObject([{ level: 50, reason: expect.stringMatching(/./) }]);
      expect(service.stdout).not.toContain('"stack"');
      expect(await statusOf('/health/live')).toBe(200);
      expect(service.stderr).toBe('');
      service.kill('SIGTERM');
      expect(await service.ended).toEqual({ code: 0, signal: null });
    },
  );
});

describe.each(sample('a table that is gone', 2, databaseKinds))(
  'a table on %s that is gone',
  (kind) => {
    it('is an internal error: 500, and a stack in the log', async () => {
      const database = await createMigrated(kind);
      await start({ DATABASE_URL: database.url });
      const inspector = await Inspector.open(database.url);
      await inspector.rows('DROP TABLE access_tokens');
      await inspector.close();
      const headers = { Authorization: `Token ${'0'.repeat(40)}` };
      const { status, body } = await client.send({ path: '/api/token-balance/', headers });
      expect([status, body]).toEqual([500, { detail: 'A server error occurred.', code: 'error' }]);
      await service.sees(/"stack"/);
      service.kill('SIGKILL');
      await service.ended;
      await database.drop();
    });
  },
);

describe('a signal to stop', () => {
  it('lets a running request finish, refuses new ones, and exits with 0', async () => {
    await start();
    const half = HalfSentRequest.registration(client.url, 'ada');
    await half.begin();
    service.kill('SIGTERM');
    await stopping();
    const { status, body, headers } = await client.send({
      method: 'POST',
      path: '/api/login/',
      headers: JSON_TYPE,
      body: '{"username":"ada","password":"Str0ng-pass-1"}',
    });
    expect([status, body]).toEqual([503, STOPPING]);
    expect(headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/json',
      'x-request-id': expect.stringMatching(/^[\w-]{36}$/),
      connection: 'close',
    });
    await half.finish();
    expect((await half.answer).statusCode).toBe(201);
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(service.log().at(-1)?.msg).toBe('stopped');
  });

  itAtFullEffort('lets the work of a client that hung up finish', async () => {
    const database = await createMigrated('sqlite');
    await start({ DATABASE_URL: database.url, ARGON2_MEMORY_KIB: '65536', ARGON2_PASSES: '10' });
    const half = HalfSentRequest.registration(client.url, 'ada');
    await half.begin();
    await half.finish();
    half.disconnect();
    await service.sees(/"POST".*"client gone"/);
    service.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, signal: null });
    const inspector = await Inspector.open(database.url);
    expect(await inspector.count('users', "username = 'ada'")).toBe(1);
    await inspector.close();
    await database.drop();
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    itAtFullEffort(`ends an idle process (${signal}), whatever connections are open`, async () => {
      await start({ SHUTDOWN_TIMEOUT_SECONDS: '3600' });
      expect(await statusOf('/health/live')).toBe(200); // leaves a connection open for the next
      const { hostname, port } = new URL(client.url);
      const silent = connect(Number(port), hostname).on('error', () => undefined);
      await new Promise((done) => silent.once('connect', done));
      service.kill(signal);
      expect(await service.ended).toEqual({ code: 0, signal: null });
      silent.destroy();
    });

  itAtFullEffort('cuts off requests that do not finish in time, and exits with 1', async () => {
    await start({ SHUTDOWN_TIMEOUT_SECONDS: '1' });
    const half = HalfSentRequest.registration(client.url, 'ada');
    await half.begin();
    service.kill('SIGTERM');
    await expect(half.answer).rejects.toThrow('socket hang up');
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.log().at(-1)).toMatchObject({ level: 50, msg: 'stopped, with answers cut off' });
  });

  itAtFullEffort('ends at once when it comes a second time', async () => {
    await start({ SHUTDOWN_TIMEOUT_SECONDS: '3600' });
    const half = HalfSentRequest.registration(client.url, 'ada');
    await half.begin();
    service.kill('SIGTERM');
    await stopping();
    const again = setInterval(() => {
      service.kill('SIGTERM');
    }, 100);
    expect(await service.ended).toEqual({ code: 1, signal: null });
    clearInterval(again);
  });

  itAtFullEffort('reaches the process through `npm run start:prod`', async () => {
    const command = ['npm', '--prefix', resolve('.'), '--silent', 'run', 'start:prod'];
    service = await Service.start({ JWT_SECRET: 'x'.repeat(32) }, { command });
    client = await service.client();
    expect(await statusOf('/health/live')).toBe(200);
    service.kill('SIGTERM');
    await service.ended;
    expect(service.log().at(-1)?.msg).toBe('stopped');
  });
});

describe('an uncaught exception', () => {
  it('ends the process with exit code 1 and one line in the log', async () => {
    const fault = 'process.on("SIGUSR2", () => { throw new Error("out of the blue") })';
    const node = [process.execPath, '--import', `data:text/javascript,${fault}`];
    service = await Service.start({}, { command: [...node, resolve('dist/src/main.js')] });
    client = await service.client();
    service.kill('SIGUSR2');
    expect(await service.ended).toEqual({ code: 1, signal: null });
    const err = { message: 'out of the blue', stack: expect.stringContaining(' at ') };
    const fatal = service.log().filter(({ level }) => level === 60);
    expect(fatal).toMatchObject([{ err, msg: 'the process ends' }]);
    expect(service.stderr).toBe('');
  });
});

/** Makes a process print its CPU time when it exits. */
const LOG_CPU_TIME = [
  '--import',
  'data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write(`${user+system}`)})',
];

describe('the start of the service', () => {
  itAtFullEffort(
    'needs less CPU than loading one large package from its files six times',
    async () => {
      const starts: number[] = [];
      const loads: number[] = [];
      const database = await createMigrated('sqlite');
      const main = [process.execPath, ...LOG_CPU_TIME, resolve('dist/src/main.js')];
      const load = [...LOG_CPU_TIME, '--input-type=module', '--eval', 'import "typeorm"'];
      for (let times = 0; times < 3; times += 1) {
        service = await Service.start({ DATABASE_URL: database.url }, { command: main });
        service.kill('SIGTERM');
        await service.ended;
        starts.push(Number(service.stderr));
        await service.remove();
        const { stderr } = await promisify(execFile)(process.execPath, load);
        loads.push(Number(stderr));
      }
      await database.drop();
      expect(Math.min(...starts) / Math.min(...loads)).toBeLessThan(6);
    },
  );
});
