import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Caller, type HttpClient } from '../support/client.js';
import { modelsOf } from '../support/models-file.js';
import { otherNodes } from '../support/other-nodes.js';
import { Service } from '../support/service.js';
import { EventReader } from '../support/sse.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

const suite =
  otherNodes.length > 0 ? describe.each(otherNodes) : describe.skip.each(['another Node']);

suite('the service on %s (skipped where TEST_NODES names no other version)', (node) => {
  const running: (() => Promise<unknown>)[] = [];
  let http: HttpClient | undefined;

  afterEach(async () => {
    http?.close();
    for (const stop of running.splice(0).reverse()) await stop();
  });

  it('answers the first session, streams, and finishes an answer before it stops', async () => {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    expect(version).not.toBe(process.version);
    let finish: () => void = () => undefined;
    const upstream = await Upstream.start({
      slow: async (call) => {
        await call.open().delta('first ');
        await new Promise<void>((go) => {
          finish = go;
        });
        await call.delta('second');
        await call.finish();
        await call.end();
      },
    });
    running.push(() => upstream.stop());
    const settings = { ...modelsOf(upstream.baseUrl, ['slow']), OPENING_GRANT: '400' };
    const service = await Service.start(settings, { command: [node, resolve('dist/src/main.js')] });
    running.push(() => service.remove());
    http = await service.client();

    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      (http as HttpClient).send({
        method: 'POST',
        path,
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const registered = await post('/api/register/', { username: 'ada', password: 'Str0ng-pass-1' });
    expect(registered.status).toBe(201);
    const login = await post('/api/login/', { username: 'ada', password: 'Str0ng-pass-1' });
    const ada = new Caller(http, (login.body as { token: string }).token, 'ada');
    const echo = (message: string) => ada.send('POST', '/api/chat/', { message, model: 'echo' });
    for (const word of ['one', 'two', 'three']) expect((await echo(word)).status).toBe(200);
    expect(await ada.balance()).toBe(100);

    const reader = await EventReader.open(http.url, ada, {
      ...{ message: 'hello', model: 'flat:slow', stream: true },
    });
    await until(() => reader.raw.includes('first'));
    service.kill('SIGTERM');
    await service.sees(/stopping/);
    finish();
    expect(await reader.ended).toBe(true);
    expect(reader.raw).toContain('second');
    expect(reader.raw).toContain('"tokens_charged":100');
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });
});
