import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.setup.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { ProcessLease } from '../../src/database/process-lease.js';
import { Caller, HttpClient, type Answer, type Ask } from './client.js';
import { Inspector, createMigrated, type DatabaseKind, type TestDatabase } from './databases.js';
import { bounded, until } from './until.js';

export const PASSWORD = 'Str0ng-pass-1';
export const JWT_SECRET = 'a secret for specs, and of no use elsewhere';

/** Settings that make a spec fast. */
const QUICK = {
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'silent',
  RATE_LIMITS: 'off',
  JWT_SECRET,
};

/**
 * Sets the cost of hashing to a tenth of the smallest allowed value, unless the spec sets a cost. The specs of
 * passwords test the real cost.
 */
function configFor(settings: Record<string, string>): Config {
  const config = loadConfig(settings);
  const isSet = 'ARGON2_MEMORY_KIB' in settings || 'ARGON2_PASSES' in settings;
  return isSet ? config : { ...config, argon2MemoryKib: 1024, argon2Passes: 1 };
}

/** Returns a new database for the app. If the spec has made one, returns that, and the spec drops it. */
async function databaseFor(kind: DatabaseKind, url: string | undefined): Promise<TestDatabase> {
  return url === undefined
    ? createMigrated(kind)
    : { url, isKept: true, drop: () => Promise.resolve() };
}

/** The real application on a real port, with its own database. */
export class TestApp {
  private users = 0;

  private constructor(
    readonly nest: NestFastifyApplication,
    readonly http: HttpClient,
    readonly database: Inspector,
    private readonly owned: TestDatabase,
  ) {}

  static async start(
    kind: DatabaseKind = 'sqlite',
    settings: Record<string, string> = {},
  ): Promise<TestApp> {
    const owned = await databaseFor(kind, settings['DATABASE_URL']);
    const all = { ...QUICK, ...settings };
    const config = configFor({ ...all, DATABASE_URL: owned.url });
    const nest = await createApp(config);
    await nest.listen(0, '127.0.0.1');
    const http = await HttpClient.connect(await nest.getUrl(), all);
    return new TestApp(nest, http, await Inspector.open(owned.url), owned);
  }

  get databaseUrl(): string {
    return this.owned.url;
  }

  get url(): string {
    return this.http.url;
  }

  send(ask: Ask): Promise<Answer> {
    return this.http.send(ask);
  }

  post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Registers a new user over HTTP. `tokens` sets another balance than the grant. */
  async newUser({
    username,
    tokens,
  }: { username?: string; tokens?: number } = {}): Promise<Caller> {
    this.users += 1;
    const name = username ?? `user${String(this.users)}`;
    const { status, body } = await this.post('/api/register/', {
      username: name,
      password: PASSWORD,
    });
    if (status !== 201) throw new Error(`registration of ${name}: ${JSON.stringify(body)}`);
    if (tokens !== undefined) await this.setBalance(name, tokens);
    return new Caller(this.http, (body as { token: string }).token, name);
  }

  /** Returns the caller with this token. */
  callerOf(token: string, username: string): Caller {
    return new Caller(this.http, token, username);
  }

  /** Returns the user id of a caller. */
  async ownerOf({ username }: Caller): Promise<string> {
    const sql = 'SELECT id FROM users WHERE username = $1';
    const [user] = await this.database.rows<{ id: string }>(sql, [username]);
    if (!user) throw new Error(`no user ${username}`);
    return user.id;
  }

  /** Returns the number of connections that the server has now. */
  connections(): Promise<number> {
    return new Promise((resolve) => {
      this.nest.getHttpServer().getConnections((_: unknown, count: number) => {
        resolve(count);
      });
    });
  }

  /** Changes the opening grant too, so that the ledger still explains the balance. */
  private async setBalance(username: string, tokens: number): Promise<void> {
    const [user] = await this.database.rows<{ id: string }>(
      'SELECT id FROM users WHERE username = $1',
      [username],
    );
    const entries = tokens > 0 ? 1 : 0;
    const change =
      tokens > 0
        ? 'UPDATE ledger_entries SET amount = $2, balance_after = $2 WHERE owner_id = $1'
        : 'DELETE FROM ledger_entries WHERE owner_id = $1';
    await this.database.rows(change, tokens > 0 ? [user?.id, tokens] : [user?.id]);
    await this.database.rows(
      'UPDATE wallets SET balance = $2, entry_count = $3 WHERE owner_id = $1',
      [user?.id, tokens, entries],
    );
  }

  /** Waits until PostgreSQL has noticed the end of the connection. Until then it reports the database as served. */
  private async untilClosed(lease: number): Promise<void> {
    if (this.database.dataSource.isSqlite) return;
    const sql = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1`;
    await until(async () => (await this.database.rows(sql, [lease])).length === 0);
  }

  async close(): Promise<void> {
    this.http.close();
    const { id } = this.nest.get(ProcessLease);
    await bounded('the close of the service', this.nest.close());
    if (this.owned.isKept) await this.untilClosed(id);
    await this.database.close();
    await this.owned.drop();
  }
}
