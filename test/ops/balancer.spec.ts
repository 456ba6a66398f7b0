import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, HttpClient } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { Fleet, type Member } from '../support/fleet.js';
import { freePort } from '../support/free-port.js';
import { hasProgram } from '../support/programs.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

/** nginx with the file that `compose.yaml` mounts, in front of processes at these ports. */
class Balancer {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async before(members: readonly Member[]): Promise<Balancer> {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-nginx-'));
    const port = await freePort();
    let conf = await readFile('ops/nginx.conf', 'utf8');
    members.forEach(({ http }, index) => {
      conf = conf.replace(`tallychat${String(index + 1)}:8000`, new URL(http.url).host);
    });
    conf = conf
      .replace('listen 8000', `listen 127.0.0.1:${String(port)}`)
      .replace('/run/nginx.pid', join(folder, 'pid'))
      .replaceAll('/tmp/nginx', join(folder, 'nginx'));
    const others = ['fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    conf = conf.replace('access_log off;', `access_log off;\n${others.join('\n')}`);
    expect(conf).not.toMatch(/tallychat\d/);
    const file = join(folder, 'nginx.conf');
    await writeFile(file, conf);
    const child = spawn('nginx', ['-c', file, '-g', 'daemon off;'], { stdio: 'pipe' });
    const url = `http://127.0.0.1:${String(port)}`;
    await until(() => isUp(url));
    return new Balancer(url, child, folder);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

const isUp = (url: string) =>
  fetch(`${url}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  );

const runs = hasProgram('nginx', '-v') ? databaseKinds.filter((kind) => kind === 'postgres') : [];
const suite = runs.length > 0 ? describe : describe.skip;

suite('three processes behind nginx (skipped without nginx and PostgreSQL)', () => {
  let upstream: Upstream;
  let fleet: Fleet;
  let members: Member[];
  let balancer: Balancer;
  let http: HttpClient;
  let saySecondWord: () => void = () => undefined;

  beforeAll(async () => {
    upstream = await Upstream.start({
      quick: async (call) => {
        await call.open().delta('Hello');
        await call.finish();
        await call.end();
      },
      slow: async (call) => {
        await call.open().delta('first ');
        await new Promise<void>((resolve) => {
          saySecondWord = resolve;
        });
        await call.delta('second');
        await call.finish();
        await call.end();
      },
    });
    const settings = {
      ...modelsOf(upstream.baseUrl, ['quick', 'slow']),
      TRUSTED_PROXIES: '127.0.0.1/32',
    };
    fleet = await Fleet.on('postgres', settings);
    members = await Promise.all([fleet.start(), fleet.start(), fleet.start()]);
    balancer = await Balancer.before(members);
    http = await HttpClient.connect(balancer.url);
  });
  afterAll(async () => {
    http.close();
    await balancer.stop();
    await fleet.close();
    await upstream.stop();
  });

  /** Registers a new user through the balancer. */
  async function newUser(): Promise<Caller> {
    const [member] = members;
    if (!member) throw new Error('no process');
    const { token, username } = await fleet.newUser(member);
    return new Caller(http, token, username);
  }

  it('forward a word of a stream before the next one arrives', async () => {
    const ada = await newUser();
    const reader = await EventReader.open(balancer.url, ada, {
      message: 'hello',
      model: 'flat:slow',
      stream: true,
    });
    expect(reader.incoming.statusCode).toBe(200);
    await until(() => reader.raw.includes('first'));
    expect(reader.raw).not.toContain('second');
    saySecondWord();
    expect(await reader.ended).toBe(true);
    expect(reader.raw).toContain('second');
    expect(upstream.calls).toHaveLength(1);
    expect(await ada.balance()).toBeLessThan(4000);
  });

  it("log the client's real address, not a claimed one", async () => {
    await new Promise((resolve, reject) => {
      request(
        `${balancer.url}/api/token-balance/`,
        { localAddress: '127.0.0.7', headers: { 'X-Forwarded-For': '203.0.113.9' } },
        (incoming) => incoming.resume().once('end', resolve),
      )
        .on('error', reject)
        .end();
    });
    const logs = () => members.map(({ service }) => service.stdout).join('');
    await until(() => logs().includes('"address":"127.0.0.7"'));
    expect(logs()).not.toContain('203.0.113.9');
  });

  it('write links with the address that the client used', async () => {
    const ada = await newUser();
    for (const word of ['one', 'two']) await ada.chat(word);
    const { body } = await ada.get('/api/chat/?page_size=1');
    expect(body.next).toMatch(new RegExp(`^${balancer.url}/api/chat/`));
  });

  it('continue when one of them is killed, and the books balance', async () => {
    const ada = await newUser();
    const statuses: number[] = [];
    for (let n = 0; n < 30; n += 1) {
      if (n === 10) members[1]?.service.kill('SIGKILL');
      const { status } = await http.send({
        method: 'POST',
        path: '/api/chat/',
        headers: {
          Authorization: `Token ${ada.token}`,
          'Content-Type': 'application/json',
          'Idempotency-Key': `key-${String(n)}`,
        },
        body: JSON.stringify({ message: `message ${String(n)}` }),
      });
      statuses.push(status);
    }
    // At most the one request that the killed process was answering is lost, and its caller gets an error.
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(29);
    const paid = statuses.filter((status) => status === 200).length;
    expect(4000 - (await ada.balance())).toBe(paid * 100);
    await fleet.inspect(async (database) => {
      expect(await database.unbalancedWallets()).toEqual([]);
      expect(await database.differences()).toEqual([]);
    });
  });
});
