import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { InvalidConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { SETTINGS } from '../../src/config/settings.js';
import { itAtFullEffort } from '../support/full-effort.js';
import { modelsFile } from '../support/models-file.js';
import { Service } from '../support/service.js';

/** Returns the error of `loadConfig` for an environment. Fails if there is no error. */
function complaint(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.message;
  }
  throw new Error('these settings are taken');
}

describe('the settings', () => {
  it('are all listed in .env.example with meaning and default', async () => {
    const expected = Object.entries(SETTINGS).map(
      ([name, { desc, default: value }]) => `# ${String(desc)}\n${name}=${String(value)}\n`,
    );
    const [head, ...settings] = (await readFile('.env.example', 'utf8')).split('\n\n');
    expect(head).toMatch(/^# /);
    expect(settings.join('\n\n')).toBe(expected.join('\n'));
  });

  it('can be read from .env.example unchanged', async () => {
    const lines = (await readFile('.env.example', 'utf8')).match(/^[A-Z].*$/gm) ?? [];
    const env = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(loadConfig(env)).toEqual(loadConfig({}));
  });

  it('are all read: each one changes the configuration', () => {
    const other: Record<string, string> = { LOG_LEVEL: 'warn', HOST: '::1' };
    other['DATABASE_URL'] = 'postgres://a@b/c';
    other['HTTPS_PROXY'] = other['HTTP_PROXY'] = 'http://proxy:3128';
    other['JWT_SECRET'] = 'x'.repeat(32);
    other['TRUSTED_PROXIES'] = '10.0.0.0/8, ::1';
    Object.assign(other, { RATE_LIMITS: 'off', JWT_ROTATE: 'off' });
    // More than the default on any machine.
    other['HASH_CONCURRENCY'] = '777';
    for (const name of Object.keys(SETTINGS))
      if (name.startsWith('RATE_LIMIT_')) other[name] = '7/d';
    other['CORS_ORIGINS'] = 'https://chat.example.org';
    other['REGISTRATION'] = 'closed';
    other['PUBLIC_URL'] = 'https://chat.example';
    other['SMTP_URL'] = 'smtp://localhost';
    other['SMTP_FROM'] = 'no-reply@chat.example';
    const model = { id: 'free', provider: 'echo', upstream: 'echo', price: { perMessage: 0 } };
    const limits = { contextTokens: 10, maxTokens: 5 };
    Object.assign(other, modelsFile({ models: [{ ...model, ...limits }] }));
    other['OPENAI_BASE_URL'] = 'http://127.0.0.1:9/v1';
    // Names of models are refused without a key.
    const keys = { OPENAI_API_KEY: 'sk-1', GEMINI_API_KEY: 'AIza-1' };
    for (const [name, { default: value }] of Object.entries(SETTINGS)) {
      const beside: Record<string, string> = name.endsWith('_MODELS') ? keys : {};
      const env = { ...beside, [name]: other[name] ?? String(Number(value) + 1) };
      expect([name, loadConfig(env)]).not.toEqual([name, loadConfig(beside)]);
    }
  });

  it('are frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });

  it('leave two pool threads to the database by default', () => {
    expect(loadConfig({ UV_THREADPOOL_SIZE: '3' }).hashConcurrency).toBe(1);
    expect(loadConfig({ UV_THREADPOOL_SIZE: '1' }).hashConcurrency).toBe(1);
    for (const odd of ['', 'many', 'Infinity', '0', '-3'])
      expect([odd, loadConfig({ UV_THREADPOOL_SIZE: odd }).hashConcurrency]).toEqual([odd, 1]);
    expect(loadConfig({ UV_THREADPOOL_SIZE: '3', HASH_CONCURRENCY: '7' }).hashConcurrency).toBe(7);
  });

  it('are all reported at once, each by name', () => {
    const bad = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, 'no good']));
    const lines = complaint(bad).split('\n');
    expect(lines.shift()).toBe('These settings are wrong:');
    const names = lines.map((line) => /^ {2}([A-Z0-9_]+): \S/.exec(line)?.[1]);
    expect(names).toEqual(Object.keys(SETTINGS));
  });

  it.each(['', ' ', '1.5', '-1', '1e400', '65536', 'NaN', '0x'])('refuse %j as a port', (port) => {
    expect(complaint({ PORT: port })).toContain('PORT: must be a whole number from 0 to 65535');
  });

  it.each(['sqlite::memory:', 'sqlite:file::memory:?cache=shared'])(
    'refuse %s and say why: the second connection would see another database',
    (url) => {
      expect(complaint({ DATABASE_URL: url })).toContain('second connection');
    },
  );

  it.each(['', 'sqlite:', 'mysql://root:hunter22@db/x', 'postgres://tally:hunter22@db:port/x'])(
    'refuse the database %j without repeating the password',
    (url) => {
      const words = complaint({ DATABASE_URL: url });
      expect(words).toContain('DATABASE_URL: must be sqlite:<path> or postgres://');
      expect(words).not.toContain('hunter22');
    },
  );

  it.each(['proxy:3128', 'socks5://proxy:1080', 'http://ada:hunter22@'])(
    'refuse the proxy %j without repeating the password',
    (url) => {
      const words = complaint({ HTTPS_PROXY: url });
      expect(words).toContain('HTTPS_PROXY: must be http://<host>:<port>');
      expect(words).not.toContain('hunter22');
    },
  );

  it('read a proxy from the lower-case name too; the upper-case name has priority', () => {
    const env = { https_proxy: 'http://small:1', HTTP_PROXY: 'http://great:1', http_proxy: 'x' };
    expect(loadConfig(env).proxies).toEqual({
      ...{ httpsProxy: 'http://small:1', httpProxy: 'http://great:1', noProxy: '' },
    });
  });

  it.each(['1', 'true', '10.0.0.0/33', '10.0.0.0/0', '::1/129', 'loopback', '10.0.0.0/255.0.0.0'])(
    'refuse the trusted proxy %j, which is neither an address nor a network',
    (proxies) => {
      const words = complaint({ TRUSTED_PROXIES: `10.0.0.1, ${proxies}` });
      expect(words).toContain('TRUSTED_PROXIES: must be addresses or networks such as 10.0.0.0/8');
    },
  );

  it.each([
    'chat.example.org',
    'https://a.example/',
    'https://A.example',
    'https://a.example:443',
    '*, https://a.example',
    'null',
  ])('refuse the origins %j, which no browser sends', (list) => {
    expect(complaint({ CORS_ORIGINS: list })).toContain('CORS_ORIGINS: must be * or origins');
  });

  it.each(['10', '0/m', '-1/m', '1.5/m', '10/w', '10 / m', '10/60', '99999999/s'])(
    'refuse %j as a limit',
    (text) => {
      const words = complaint({ RATE_LIMIT_SPEND: text });
      expect(words).toContain('RATE_LIMIT_SPEND: must be a count and a window, for example 120/m');
    },
  );

  it('accept lists with spaces, IPv4 and IPv6 addresses, and origins of apps', () => {
    const lists = {
      TRUSTED_PROXIES: ' 10.0.0.0/8 ,::1, fd00::/8,',
      CORS_ORIGINS: 'https://a.example, http://localhost:5173,capacitor://localhost',
    };
    expect(loadConfig(lists)).toMatchObject({
      trustedProxies: ['10.0.0.0/8', '::1', 'fd00::/8'],
      corsOrigins: ['https://a.example', 'http://localhost:5173', 'capacitor://localhost'],
    });
  });

  it('read the public URL without white space around it, which would break links', () => {
    for (const given of [' https://chat.example/tally', 'https://chat.example/tally/\r\n'])
      expect(loadConfig({ PUBLIC_URL: given }).publicUrl).toBe('https://chat.example/tally');
    for (const given of ['https://chat.example/a b', 'https://chat.exa\nmple'])
      expect(complaint({ PUBLIC_URL: given })).toContain('PUBLIC_URL: must be http:// or https://');
  });

  it('refuse a short JWT secret without repeating it', () => {
    const words = complaint({ JWT_SECRET: 'hunter22' });
    expect(words).toContain('JWT_SECRET: must have at least 32 characters');
    expect(words).not.toContain('hunter22');
  });
});

describe('the process', () => {
  let service: Service | undefined;
  afterEach(() => service?.remove());

  /** Starts the program, which must refuse to start, and returns everything that it printed. */
  async function refusal(settings: Record<string, string>): Promise<string> {
    // With limits on, nothing is logged before the process listens.
    service = await Service.launch({ RATE_LIMITS: 'on', ...settings });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stdout).toBe('');
    expect(service.stderr).not.toMatch(/^ +at /m);
    return service.stderr;
  }

  it('does not start with invalid settings, and names each of them', async () => {
    const words = await refusal({ PORT: 'eighty', OPENING_GRANT: '-1', LOG_LEVEL: 'loud' });
    expect(words.split('\n')).toEqual([
      'tallychat: These settings are wrong:',
      '  PORT: must be a whole number from 0 to 65535',
      expect.stringMatching(/^ {2}LOG_LEVEL: .*"loud"/),
      '  OPENING_GRANT: must be a whole number from 0 to 1000000000',
      '',
    ]);
  });

  itAtFullEffort('does not start on a port that is taken', async () => {
    const rival = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => rival.once('listening', resolve));
    const port = String((rival.address() as AddressInfo).port);
    const words = await refusal({ PORT: port });
    rival.close();
    expect(words).toBe(`tallychat: Port ${port} on 127.0.0.1 is in use. Set PORT to a free one.\n`);
  });

  it('does not start without its PostgreSQL, and does not log the password', async () => {
    const words = await refusal({ DATABASE_URL: 'postgres://tally:hunter22@127.0.0.1:1/chat' });
    expect(words).toBe(
      'tallychat: The database postgres://tally@127.0.0.1:1/chat does not open: ' +
        'connect ECONNREFUSED 127.0.0.1:1\n',
    );
  });

  itAtFullEffort('reports a TLS failure in one line, and refuses an unknown sslmode', async () => {
    const words = await refusal({ DATABASE_URL: 'postgres://a@127.0.0.1:1/b?sslmode=require' });
    expect(words).toMatch(/^tallychat: The database \S+ does not open: .*\n$/);
    expect(complaint({ DATABASE_URL: 'postgres://a:hunter22@b/c?sslmode=requird' })).toMatch(
      /DATABASE_URL: has an unknown sslmode: use one of disable, .*, no-verify$/m,
    );
  });

  itAtFullEffort('does not start on a file that is no database', async () => {
    const words = await refusal({ DATABASE_URL: 'sqlite:/dev/null/tallychat.sqlite' });
    expect(words).toMatch(/^tallychat: The database sqlite:\/dev\/null\/\S+ does not open: .+\n$/);
  });

  it('reads settings from .env, with priority for the environment', async () => {
    const files = { '.env': 'OPENING_GRANT=many\nPORT=eighty\n' };
    service = await Service.launch({ PORT: '0' }, { files });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr).toContain('OPENING_GRANT: must be');
    expect(service.stderr).not.toContain('PORT: must be');
  });
});
