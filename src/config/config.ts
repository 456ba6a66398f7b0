import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { EnvError, cleanEnv, makeValidator, str } from 'envalid';
import { readModelsFile } from './models-file.js';
import { listOf, networks, origins } from './network-settings.js';

/** What hashing leaves of libuv's threads for the database: one for its writer, one for its reader. */
const DATABASE_THREADS = 2;

const integer = ({ min, max }: { min: number; max: number }) =>
  makeValidator<number>((input) => {
    const value = Number(input);
    if (input.trim() === '' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new EnvError(`must be a whole number from ${String(min)} to ${String(max)}`);
    }
    return value;
  });

const host = makeValidator<string>((input) => {
  if (/^[\w.:-]+$/.test(input)) return input;
  throw new EnvError('must be an address or a host name');
});

/** Never says the value back: it may hold a password. */
const databaseUrl = makeValidator<string>((input) => {
  if (/^sqlite:.*:memory:/.test(input)) {
    throw new EnvError('must name a file: what is in memory, the second connection does not see');
  }
  if (/^sqlite:.+/.test(input)) return input;
  if (/^postgres(ql)?:\/\/.+/.test(input) && URL.canParse(input)) return input;
  throw new EnvError(
    'must be sqlite:<path> or postgres://<user>:<password>@<host>:<port>/<name>, percent-encoded',
  );
});

const jwtSecret = makeValidator<string>((input) => {
  if (input === '' || input.length >= 32) return input;
  throw new EnvError('must have at least 32 characters, or be empty');
});

/** Never says the value back: it may hold a password. */
const proxyUrl = makeValidator<string>((input) => {
  if (input === '' || (/^https?:\/\/.+/.test(input) && URL.canParse(input))) return input;
  throw new EnvError('must be http://<host>:<port> or https://<host>:<port>');
});

const hosts = makeValidator<string>((input) => {
  if (/^(?:[\w.*:[\]-]+(?:\s*,\s*|$))*$/.test(input)) return input;
  throw new EnvError('must be hosts, with or without a port, separated by commas');
});

const isWebUrl = (url: URL) =>
  ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';

/** Links are made from it by adding a path and a fragment, so it has no query of its own. */
const publicUrl = makeValidator<string>((input) => {
  const isPlain = URL.canParse(input) && isWebUrl(new URL(input)) && !/[?#]/.test(input);
  if (input === '' || isPlain) return input.replace(/\/+$/, '');
  throw new EnvError('must be http:// or https:// with a host, without a query, or be empty');
});

/** Never says the value back: it may hold a password. */
const smtpUrl = makeValidator<string>((input) => {
  if (input === '' || (/^smtps?:\/\/.+/.test(input) && URL.canParse(input))) return input;
  throw new EnvError(
    'must be smtp://<user>:<password>@<host>:<port> or smtps://..., percent-encoded, or be empty',
  );
});

const smtpFrom = makeValidator<string>((input) => {
  if (input === '' || /^[^\r\n]*[^\s@<]+@[^\s@>]+>?$/.test(input)) return input;
  throw new EnvError('must be an address, or a name with an <address>, or be empty');
});

const DAY_SECONDS = 86_400;

/** Every setting there is: its name, rule, default and meaning. `.env.example` is held to this table. */
export const SETTINGS = {
  HOST: host({ default: '127.0.0.1', desc: 'Address to listen on; 0.0.0.0 for all.' }),
  PORT: integer({ min: 0, max: 65_535 })({ default: 8000, desc: 'Port; 0 picks a free one.' }),
  DATABASE_URL: databaseUrl({
    default: 'sqlite:./data/tallychat.sqlite',
    desc: 'sqlite:<path> or postgres://<user>:<password>@<host>:<port>/<name>.',
  }),
  DATABASE_POOL_MAX: integer({ min: 2, max: 200 })({
    default: 10,
    desc: 'Connections to PostgreSQL at most. SQLite has one writer and one reader.',
  }),
  LOG_LEVEL: str({
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    desc: 'trace, debug, info, warn, error, fatal or silent.',
  }),
  OPENING_GRANT: integer({ min: 0, max: 1_000_000_000 })({
    default: 4000,
    desc: 'Tokens that a new wallet starts with.',
  }),
  PRICE_PER_MESSAGE: integer({ min: 0, max: 1_000_000_000 })({
    default: 100,
    desc: 'Tokens that one answered message costs.',
  }),
  MODELS_FILE: str({
    default: '',
    desc: 'Path of a JSON file with providers and models (docs/models.md). Empty: the model echo alone.',
  }),
  HTTPS_PROXY: proxyUrl({
    default: '',
    desc: 'Proxy through which providers with an https URL are reached.',
  }),
  HTTP_PROXY: proxyUrl({
    default: '',
    desc: 'Proxy through which providers with an http URL are reached.',
  }),
  NO_PROXY: hosts({
    default: '',
    desc: 'Hosts that are reached without a proxy, separated by commas.',
  }),
  MESSAGE_MAX_CHARS: integer({ min: 1, max: 1_000_000 })({
    default: 100_000,
    desc: 'Longest message, in Unicode code points.',
  }),
  BODY_MAX_BYTES: integer({ min: 1024, max: 16_777_216 })({
    default: 1_048_576,
    desc: 'Largest request body; past it 413.',
  }),
  ANSWER_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 120,
    desc: 'Seconds that a model gets for a whole answer.',
  }),
  REQUEST_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 60,
    desc: 'Seconds that a client has to send a whole request; past it 408.',
  }),
  HOLD_LIFETIME_SECONDS: integer({ min: 1, max: DAY_SECONDS })({
    default: 600,
    desc: 'Seconds beyond the time limit of an answer after which its hold expires by itself.',
  }),
  IDEMPOTENCY_RETENTION_SECONDS: integer({ min: 1, max: 3650 * DAY_SECONDS })({
    default: DAY_SECONDS,
    desc: 'Seconds for which the answer to an Idempotency-Key is replayed.',
  }),
  ACCESS_TOKEN_IDLE_SECONDS: integer({ min: 1, max: 3650 * DAY_SECONDS })({
    default: 30 * DAY_SECONDS,
    desc: 'Seconds without use after which an access token expires.',
  }),
  JWT_SECRET: jwtSecret({
    default: '',
    desc: 'Signs JWTs, 32 characters or more. Empty: a key is made once in ./data/jwt.key. Set it where several hosts serve.',
  }),
  ARGON2_MEMORY_KIB: integer({ min: 8192, max: 4_194_304 })({
    default: 19_456,
    desc: 'argon2id memory per hash, in KiB (OWASP: 19456 with 2 passes).',
  }),
  ARGON2_PASSES: integer({ min: 1, max: 100 })({ default: 2, desc: 'argon2id passes.' }),
  HASH_CONCURRENCY: integer({ min: 0, max: 1024 })({
    default: 0,
    desc: 'Password hashes at once. 0: the cores, but two fewer than UV_THREADPOOL_SIZE (4).',
  }),
  HASH_QUEUE_MAX: integer({ min: 0, max: 100_000 })({
    default: 100,
    desc: 'Password hashes that may wait their turn; past it 503.',
  }),
  REQUESTS_MAX: integer({ min: 1, max: 1_000_000 })({
    default: 5000,
    desc: 'Requests under way at once, open streams among them; past it 503.',
  }),
  SHUTDOWN_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 30,
    desc: 'Seconds that answers under way get to finish after SIGTERM.',
  }),
  TRUSTED_PROXIES: networks({
    default: '',
    desc: 'Proxies, as addresses or CIDR networks, whose X-Forwarded-For, -Proto and -Host count. Empty: none.',
  }),
  CORS_ORIGINS: origins({
    default: '',
    desc: 'Origins whose pages may call the API from a browser, or * for all. Empty: none but its own.',
  }),
  REGISTRATION: str({
    choices: ['open', 'closed'],
    default: 'open',
    desc: 'open, or closed: then operators alone make users (npm run admin -- create-user).',
  }),
  PUBLIC_URL: publicUrl({
    default: '',
    desc: 'Where people reach the service, for links in mails. Empty: no mail is sent.',
  }),
  SMTP_URL: smtpUrl({
    default: '',
    desc: 'smtp://<user>:<password>@<host>:<port>, or smtps://..., to send mails. Empty: no mail is sent.',
  }),
  SMTP_FROM: smtpFrom({
    default: '',
    desc: 'Whom mails are from. Empty: no mail is sent.',
  }),
};

/** Names that other programs write in small letters as well; both count. */
const SMALL = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

function withSmallNames(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const small = SMALL.map((name) => [name, env[name] ?? env[name.toLowerCase()]] as const);
  return { ...env, ...Object.fromEntries(small.filter(([, value]) => value !== undefined)) };
}

/** The process's environment, to which `.env` adds what is not set. */
function environment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

function defaultHashConcurrency(env: NodeJS.ProcessEnv): number {
  const threads = Number(env['UV_THREADPOOL_SIZE'] ?? 4);
  return Math.max(1, Math.min(availableParallelism(), threads - DATABASE_THREADS));
}

/** The settings as the code uses them; frozen, and made once. */
export type Config = ReturnType<typeof loadConfig>;

/** The token under which the one `Config` is injected. */
export const CONFIG = Symbol('config');

/** Every bad setting with its reason, one a line. */
export class InvalidConfig extends Error {}

/** In the order of the table, whoever found them. */
function toLines(bad: readonly (readonly [setting: string, reason: string])[]): string {
  const names = Object.keys(SETTINGS);
  const sorted = bad.toSorted(([one], [other]) => names.indexOf(one) - names.indexOf(other));
  const lines = sorted.map(([name, reason]) => `\n  ${name}: ${reason}`);
  return `These settings are wrong:${lines.join('')}`;
}

/** Reads the environment once. Throws one `InvalidConfig` that names every bad value. */
export function loadConfig(env: NodeJS.ProcessEnv = environment()) {
  const bad: (readonly [setting: string, reason: string])[] = [];
  const read = cleanEnv(withSmallNames(env), SETTINGS, {
    reporter: ({ errors }) => {
      bad.push(...Object.entries(errors).map(([name, { message }]) => [name, message] as const));
    },
  });
  const { problems, ...models } = readModelsFile(read.MODELS_FILE, env);
  bad.push(...problems.map((problem) => ['MODELS_FILE', problem] as const));
  if (bad.length > 0) throw new InvalidConfig(toLines(bad));
  return Object.freeze({
    host: read.HOST,
    port: read.PORT,
    databaseUrl: read.DATABASE_URL,
    databasePoolMax: read.DATABASE_POOL_MAX,
    logLevel: read.LOG_LEVEL,
    openingGrant: read.OPENING_GRANT,
    pricePerMessage: read.PRICE_PER_MESSAGE,
    providers: models.providers,
    models: models.models,
    proxies: {
      httpsProxy: read.HTTPS_PROXY,
      httpProxy: read.HTTP_PROXY,
      noProxy: read.NO_PROXY,
    },
    messageMaxChars: read.MESSAGE_MAX_CHARS,
    bodyMaxBytes: read.BODY_MAX_BYTES,
    answerTimeoutSeconds: read.ANSWER_TIMEOUT_SECONDS,
    requestTimeoutSeconds: read.REQUEST_TIMEOUT_SECONDS,
    holdLifetimeSeconds: read.HOLD_LIFETIME_SECONDS,
    idempotencyRetentionSeconds: read.IDEMPOTENCY_RETENTION_SECONDS,
    accessTokenIdleSeconds: read.ACCESS_TOKEN_IDLE_SECONDS,
    jwtSecret: read.JWT_SECRET,
    argon2MemoryKib: read.ARGON2_MEMORY_KIB,
    argon2Passes: read.ARGON2_PASSES,
    hashConcurrency: read.HASH_CONCURRENCY || defaultHashConcurrency(env),
    hashQueueMax: read.HASH_QUEUE_MAX,
    requestsMax: read.REQUESTS_MAX,
    shutdownTimeoutSeconds: read.SHUTDOWN_TIMEOUT_SECONDS,
    trustedProxies: listOf(read.TRUSTED_PROXIES),
    corsOrigins: listOf(read.CORS_ORIGINS),
    isRegistrationOpen: read.REGISTRATION === 'open',
    publicUrl: read.PUBLIC_URL,
    smtpUrl: read.SMTP_URL,
    smtpFrom: read.SMTP_FROM,
  });
}
