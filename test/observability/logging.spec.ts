import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer, HttpClient } from '../support/client.js';
import { Inspector, createMigrated, type TestDatabase } from '../support/databases.js';
import { Service, type LogLine } from '../support/service.js';

/** A random word that no log line may contain. The spec sends each one somewhere. */
const secret = () => randomBytes(12).toString('hex');

describe('the log', () => {
  const secrets = { password: secret(), wrong: secret(), query: secret(), message: secret() };
  let database: TestDatabase;
  let inspector: Inspector;
  let service: Service;
  let client: HttpClient;
  let token = '';

  beforeAll(async () => {
    database = await createMigrated('sqlite');
    service = await Service.start({ DATABASE_URL: database.url, LOG_LEVEL: 'trace' });
    client = await service.client();
    inspector = await Inspector.open(database.url);
    const { body } = await post('/api/register/', { username: 'ada', password: secrets.password });
    token = (body as { token: string }).token;
  });
  afterAll(async () => {
    client.close();
    await service.remove();
    await inspector.close();
    await database.drop();
  });

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    client.send({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  const chat = (message: string, authorization: string, query = '') =>
    post(`/api/chat/${query}`, { message }, { Authorization: authorization });

  /** Returns the log lines about the request of this answer. */
  async function linesOf({ headers }: Answer): Promise<LogLine[]> {
    const id = String(headers['x-request-id']);
    await service.sees(new RegExp(`"${id}".*\n`));
    return service.log().filter((line) => line['reqId'] === id);
  }

  it('has one line for each answer, with the id of the answer', async () => {
    const answer = await chat('hello', `Token ${token}`);
    expect(answer.status).toBe(200);
    const [user] = await inspector.rows<{ id: string }>('SELECT id FROM users');
    const line = { level: 30, method: 'POST', route: '/api/chat', status: 200, msg: 'answered' };
    const caller = { user: user?.id, address: '127.0.0.1' };
    expect(await linesOf(answer)).toEqual([expect.objectContaining({ ...line, ...caller })]);
    const unknown = await chat('hello', 'Token unknown');
    const [refused] = await linesOf(unknown);
    expect(refused).toMatchObject({ status: 401, code: 'authentication_failed' });
    expect(refused).not.toHaveProperty('user');
  });

  it('uses the caller’s request id, unless it could break a line', async () => {
    const send = (id: string) =>
      client.send({ path: '/health/live', headers: { 'X-Request-Id': id } });
    const chosen = await send('balancer-7');
    expect(chosen.headers['x-request-id']).toBe('balancer-7');
    expect(await linesOf(chosen)).toHaveLength(1);
    const replaced = await send('"}{"level":60');
    expect(replaced.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
    expect(await linesOf(replaced)).toHaveLength(1);
  });

  it('contains the path of an unknown route, cut and without its query', async () => {
    for (const path of [`/nowhere?token=${secrets.query}`, `/%zz?token=${secrets.query}`]) {
      const answer = await client.send({ path });
      expect(answer.status).toBe(404);
      const [line] = await linesOf(answer);
      expect(line).toMatchObject({ path: path.split('?')[0], code: 'not_found' });
    }
    const long = await client.send({ path: `/${'long/'.repeat(100)}?token=${secrets.query}` });
    const [line] = await linesOf(long);
    expect(line?.['path']).toHaveLength(100);
    expect(service.stdout).not.toContain(secrets.query);
  });

  it('contains no credential and no message, however it was sent', async () => {
    const { password, wrong, query, message } = secrets;
    const jwt = await post('/api/token/', { username: 'ada', password });
    const { access, refresh } = jwt.body as { access: string; refresh: string };
    const login = await post('/api/login/', { username: 'ada', password });
    const other = (login.body as { token: string }).token;
    const urlSecrets = `?token=${query}&access_token=${token}&password=${password}`;
    const answers = [
      await post('/api/login/', { username: 'ada', password: wrong }),
      await post(`/api/login/${urlSecrets}`, { username: 'ada', password }),
      await post('/api/register/', { username: 'ada', password: wrong }),
      await chat(message, `Token ${token}`, urlSecrets),
      await chat(message, `Bearer ${access}`),
      await chat(message, `Token ${wrong}`),
      await chat(message, `Bearer ${wrong}.${wrong}.${wrong}`),
      await chat(message, `Token ${wrong} ${wrong}`),
      await chat(message, `Basic ${wrong}`),
      await chat('', `Token ${other}`),
      await post('/api/token/refresh/', { refresh }),
      await post('/api/token/refresh/', { refresh }),
      await client.send({ path: `/api/chat/${urlSecrets}` }),
      await client.send({ method: 'POST', path: '/api/login/', body: `{"password": "${wrong}` }),
    ];
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual([
      400, 200, 400, 200, 200, 401, 401, 401, 401, 400, 200, 200, 401, 415,
    ]);
    for (const word of [...Object.values(secrets), token, other, access, refresh]) {
      expect(service.stdout + service.stderr).not.toContain(word);
    }
  });

  it('contains the name of an API key, and never the key', async () => {
    const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/json' };
    const send = (body: object) =>
      client.send({ method: 'POST', path: '/api/keys/', headers, body: JSON.stringify(body) });
    const { key, id } = (await send({ name: 'robot' })).body as { key: string; id: string };
    const [line] = await linesOf(await chat('hi', `Bearer ${key}`));
    expect(line).toMatchObject({ status: 200, key: 'robot' });
    const path = `/api/keys/${id}/rotate/`;
    const rotated = await client.send({ method: 'POST', path, headers });
    expect(rotated.status).toBe(201);
    expect((await chat('hi', `Bearer ${key}`)).status).toBe(401);
    expect((await client.send({ path: `/api/chat/?token=${key}` })).status).toBe(401);
    for (const start of [
      '/v1/',
      '/%23password-reset=',
      `/${'long/'.repeat(16)}`,
      `/api/keys/${id}/`,
    ]) {
      const misplaced = await client.send({ path: `${start}${key}` });
      expect(misplaced.status).toBe(404);
      const [line] = await linesOf(misplaced);
      expect(line).toMatchObject({ path: `${start}[hidden]` });
    }
    for (const secret of [key, (rotated.body as { key: string }).key]) {
      expect(service.stdout + service.stderr).not.toContain(secret);
    }
  });

  it('contains the stack of a failure, and only the id of its request', async () => {
    await inspector.rows('ALTER TABLE turns RENAME TO lost');
    const before = await client.send({
      path: '/api/token-balance/',
      headers: { Authorization: `Token ${token}` },
    });
    const answer = await chat(secrets.message, `Token ${token}`);
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({ detail: 'A server error occurred.', code: 'error' });
    const failed = (await linesOf(answer)).find(({ msg }) => msg === 'request failed');
    expect(failed).toMatchObject({
      level: 50,
      err: {
        type: 'QueryFailedError',
        message: 'SQLITE_ERROR: no such table: turns',
        query: expect.stringContaining('turns'),
        stack: expect.stringMatching(/^ +at /m),
      },
    });
    expect(service.stdout).not.toContain(secrets.message);
    const after = await client.send({
      path: '/api/token-balance/',
      headers: { Authorization: `Token ${token}` },
    });
    expect(after.body).toEqual(before.body);
    expect(await inspector.unbalancedWallets()).toEqual([]);
  });
});
