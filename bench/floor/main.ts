import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { hash, verify } from 'argon2';
import pLimit from 'p-limit';
import { v7 as uuidv7 } from 'uuid';
import { Group } from './group.js';
import { PostgresStore } from './postgres.store.js';
import { SqliteStore } from './sqlite.store.js';
import { nowMicros } from './statements.js';
import { PRICE, type Caller, type Store } from './store.js';

const PAGE_SIZE = 20;
/** The service's default, which is also the default of the argon2 package. */
const HASH_COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** One more hash than cores, so that no core is idle between two hashes. More would compete for the cache. */
const hashing = pLimit(availableParallelism() + 1);

const iso = (micros: number) =>
  `${new Date(micros / 1000).toISOString().slice(0, 20)}${String(micros % 1_000_000).padStart(6, '0')}Z`;

function send(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  const type = 'application/json; charset=utf-8';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': length, ...headers });
  response.end(text);
}

function bodyOf(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (text += part));
    request.on('error', reject);
    request.on('end', () => {
      resolve(JSON.parse(text));
    });
  });
}

/** The hot routes on Node and the database driver only. The service is measured against it. */
class Floor {
  private readonly group: Group;

  constructor(private readonly store: Store) {
    this.group = new Group(store);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === 'POST' ? bodyOf(request) : undefined;
    if (body && request.url === '/api/login/') {
      await this.login(await body, response);
      return;
    }
    if (body && request.url === '/api/register/') {
      await this.register(await body, response);
      return;
    }
    const [scheme, secret = ''] = (request.headers.authorization ?? '').split(' ');
    const caller = scheme === 'Token' ? await this.store.callerOf(secret) : undefined;
    if (!caller) {
      send(response, 401, { detail: 'Invalid token.' });
    } else if (request.url === '/api/token-balance/') {
      send(response, 200, { tokens: await this.store.available(caller.userId) });
    } else if (request.url === '/api/chat/' && body) {
      await this.chat(caller, await body, response);
    } else if (request.url === '/api/chat/') {
      await this.history(caller, response);
    } else {
      send(response, 404, { detail: 'Not found.' });
    }
  }

  /** Only checks the password's hash, which is most of the cost of a login. */
  private async login(body: unknown, response: ServerResponse): Promise<void> {
    const { username, password } = body as { username: string; password: string };
    const phc = await this.store.passwordHashOf(username);
    const matches = await hashing(() => verify(phc, password));
    send(response, matches ? 200 : 400, {});
  }

  private async register(body: unknown, response: ServerResponse): Promise<void> {
    const { password } = body as { password: string };
    await hashing(() => hash(password, HASH_COST));
    send(response, 201, {});
  }

  private async chat(caller: Caller, body: unknown, response: ServerResponse): Promise<void> {
    const { message } = body as { message?: unknown };
    if (typeof message !== 'string' || message.trim() === '') {
      send(response, 400, { message: ['This field may not be blank.'] });
      return;
    }
    const answer = `This is a dummy AI response to your message: '${message}'`;
    const [turnId, conversationId, createdAt] = [uuidv7(), uuidv7(), nowMicros()];
    const charge = { ...caller, message, response: answer, turnId, conversationId, createdAt };
    const available = await this.group.pay(charge);
    if (available === undefined) {
      send(response, 402, { error: 'Insufficient tokens' });
      return;
    }
    send(
      response,
      200,
      { message, response: answer, timestamp: iso(createdAt) },
      {
        'Tokens-Charged': PRICE,
        'Tokens-Balance': available,
        'Turn-Id': turnId,
        'Conversation-Id': conversationId,
      },
    );
  }

  private async history({ userId }: Caller, response: ServerResponse): Promise<void> {
    const turns = await this.store.page(userId, PAGE_SIZE + 1);
    const results = turns
      .slice(0, PAGE_SIZE)
      .map(({ createdAt, ...turn }) => ({ ...turn, timestamp: iso(createdAt) }));
    const last = results.at(-1)?.id ?? '';
    const cursor = Buffer.from(`older:${last}`).toString('base64url');
    const next = `http://127.0.0.1/api/chat/?cursor=${cursor}`;
    send(response, 200, { next: turns.length > PAGE_SIZE ? next : null, previous: null, results });
  }
}

const [url = '', port = ''] = process.argv.slice(2);
const store = url.startsWith('sqlite:')
  ? await SqliteStore.open(url.slice('sqlite:'.length))
  : await PostgresStore.open(url);
const floor = new Floor(store);
const server = createServer((request, response) => {
  floor.answer(request, response).catch((failure: unknown) => {
    process.stderr.write(`floor: ${String(failure)}\n`);
    send(response, 500, { detail: 'Server error.' });
  });
});
server.listen(Number(port), '127.0.0.1');
