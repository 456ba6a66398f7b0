import { lstatSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { cleanEnv, type CleanedEnv } from 'envalid';
import { readEnvFile } from './env-file.js';
import type { ModelsFile } from './models-file.js';
import { splitList } from './network-settings.js';
import { toRate } from './rates.js';
import { SETTINGS } from './settings.js';

/**
 * Number of libuv threads that password hashing leaves free for the database: one for its writer, one for its
 * reader.
 */
const DATABASE_THREADS = 2;

/** Names that other programs also write in lower case. Both forms are accepted. */
const LOWER_CASE_ALLOWED = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

/** Whether a name would be ignored only because it is in lower case. */
const isIgnoredLowerCase = (name: string): boolean =>
  !(name in SETTINGS) &&
  name.toUpperCase() in SETTINGS &&
  !LOWER_CASE_ALLOWED.includes(name.toUpperCase());

function withLowerCaseNames(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const accepted = LOWER_CASE_ALLOWED.map(
    (name) => [name, env[name] ?? env[name.toLowerCase()]] as const,
  );
  return { ...env, ...Object.fromEntries(accepted.filter(([, value]) => value !== undefined)) };
}

/**
 * Returns the process's environment. `.env` adds the settings that are not set. Throws an error with one
 * sentence if `.env` exists but cannot be read, also if it is a broken symbolic link.
 */
export function environment(): NodeJS.ProcessEnv {
  const exists = lstatSync('.env', { throwIfNoEntry: false }) !== undefined;
  const listed = exists ? readEnvFile('.env') : {};
  const lowerCaseName = Object.keys(listed).find(isIgnoredLowerCase);
  if (lowerCaseName !== undefined)
    throw new Error(`.env has ${lowerCaseName}: write ${lowerCaseName.toUpperCase()}`);
  for (const [name, value] of Object.entries(listed)) process.env[name] ??= value;
  return process.env;
}

function defaultHashConcurrency(env: NodeJS.ProcessEnv): number {
  // Read as libuv reads it: of any other text it makes one thread.
  const threads = Number.parseInt(env['UV_THREADPOOL_SIZE'] ?? '4', 10) || 1;
  return Math.max(1, Math.min(availableParallelism(), threads - DATABASE_THREADS));
}

/** The settings as the code uses them, except the models. */
export type Settings = Readonly<ReturnType<typeof toSettings>>;

/** The settings as the code uses them. The object is frozen, and `loadConfig` creates it once. */
export type Config = Settings &
  Pick<ModelsFile, 'providers' | 'models'> & { readonly hints: readonly string[] };

/** The token under which the one `Config` is injected. */
export const CONFIG = Symbol('config');

/** Lists every invalid setting with its reason, one per line. */
export class InvalidConfig extends Error {}

/** An invalid setting, and the reason. */
type InvalidSetting = readonly [setting: string, reason: string];

/**
 * Throws one `InvalidConfig` that names every invalid setting, in the order of the table. Returns if there is
 * none.
 */
export function assertNoneInvalid(invalid: readonly InvalidSetting[]): void {
  if (invalid.length === 0) return;
  const names = Object.keys(SETTINGS);
  const sorted = invalid.toSorted(([one], [other]) => names.indexOf(one) - names.indexOf(other));
  const lines = sorted.map(([name, reason]) => `\n  ${name}: ${reason}`);
  throw new InvalidConfig(`These settings are wrong:${lines.join('')}`);
}

/**
 * Reads the environment by the names of the table. Returns the values and the invalid settings. Reading the
 * value of an invalid setting throws.
 */
export function readSettings(env: NodeJS.ProcessEnv) {
  const invalid: InvalidSetting[] = [];
  const read = cleanEnv(withLowerCaseNames(env), SETTINGS, {
    reporter: ({ errors }) => {
      invalid.push(
        ...Object.entries(errors).map(([name, { message }]) => [name, message] as const),
      );
    },
  });
  return { read, invalid };
}

/**
 * Loads the settings of a command that asks no model. Reading the models file would load the rules of fields,
 * which is slow. Throws `InvalidConfig`.
 */
export function loadSettings(env: NodeJS.ProcessEnv = environment()): Settings {
  const { read, invalid } = readSettings(env);
  assertNoneInvalid(invalid);
  return Object.freeze(toSettings(read, env));
}

/** Returns the settings with the names that the code uses. */
export function toSettings(read: CleanedEnv<typeof SETTINGS>, env: NodeJS.ProcessEnv) {
  return {
    host: read.HOST,
    port: read.PORT,
    databaseUrl: read.DATABASE_URL,
    databasePoolMax: read.DATABASE_POOL_MAX,
    logLevel: read.LOG_LEVEL,
    openingGrant: read.OPENING_GRANT,
    pricePerMessage: read.PRICE_PER_MESSAGE,
    providerRestSeconds: read.PROVIDER_REST_SECONDS,
    proxies: {
      httpsProxy: read.HTTPS_PROXY,
      httpProxy: read.HTTP_PROXY,
      noProxy: read.NO_PROXY,
    },
    messageMaxChars: read.MESSAGE_MAX_CHARS,
    ...toBounds(read),
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
    shutdownTimeoutSeconds: read.SHUTDOWN_TIMEOUT_SECONDS,
    trustedProxies: splitList(read.TRUSTED_PROXIES),
    corsOrigins: splitList(read.CORS_ORIGINS),
    isRegistrationOpen: read.REGISTRATION === 'open',
    publicUrl: read.PUBLIC_URL,
    smtpUrl: read.SMTP_URL,
    smtpFrom: read.SMTP_FROM,
    jwtRefreshGraceSeconds: read.JWT_REFRESH_GRACE_SECONDS,
    jwtRotate: read.JWT_ROTATE === 'on',
    metricsHost: read.METRICS_HOST,
    /** Undefined if metrics are off. */
    metricsPort: read.METRICS_PORT === 0 ? undefined : read.METRICS_PORT,
    rateLimits: toRateLimits(read),
  };
}

/** The limits of requests and of stored data. */
const toBounds = (read: CleanedEnv<typeof SETTINGS>) => ({
  bodyMaxBytes: read.BODY_MAX_BYTES,
  publicBodyMaxBytes: read.PUBLIC_BODY_MAX_BYTES,
  requestsMax: read.REQUESTS_MAX,
  requestsPerCallerMax: read.REQUESTS_PER_CALLER_MAX,
  storedMaxBytes: read.STORED_MAX_BYTES,
  conversationsMax: read.CONVERSATIONS_MAX,
});

const toRateLimits = (read: CleanedEnv<typeof SETTINGS>) => ({
  isOn: read.RATE_LIMITS === 'on',
  register: toRate(read.RATE_LIMIT_REGISTER),
  login: toRate(read.RATE_LIMIT_LOGIN),
  loginAccount: toRate(read.RATE_LIMIT_LOGIN_ACCOUNT),
  spend: toRate(read.RATE_LIMIT_SPEND),
  read: toRate(read.RATE_LIMIT_READ),
});
