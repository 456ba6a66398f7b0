import { str } from 'envalid';
import { modelNames, providerKey, providerUrl } from './named-models.js';
import { networks, origins } from './network-settings.js';
import { rate } from './rates.js';
import {
  databaseUrl,
  host,
  hosts,
  integer,
  jwtSecret,
  proxyUrl,
  publicUrl,
  smtpFrom,
  smtpUrl,
} from './setting-rules.js';

const DAY_SECONDS = 86_400;

/** All settings: name, rule, default and meaning. A test compares `.env.example` with this table. */
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
  OPENAI_API_KEY: providerKey({
    default: '',
    desc: 'Key of OpenAI, or of the server at OPENAI_BASE_URL. It counts where OPENAI_MODELS names models.',
  }),
  OPENAI_MODELS: modelNames({
    default: '',
    desc: 'Models of OpenAI to serve at PRICE_PER_MESSAGE, separated by commas; the first is the default. Ignored beside MODELS_FILE.',
  }),
  OPENAI_BASE_URL: providerUrl({
    default: '',
    desc: 'Another server that speaks as OpenAI does, with a key or without. Empty: https://api.openai.com/v1.',
  }),
  GEMINI_API_KEY: providerKey({
    default: '',
    desc: 'Key of Google Gemini. It counts where GEMINI_MODELS names models.',
  }),
  GEMINI_MODELS: modelNames({
    default: '',
    desc: 'Models of Gemini to serve at PRICE_PER_MESSAGE, separated by commas, after those of OPENAI_MODELS.',
  }),
  PROVIDER_REST_SECONDS: integer({ min: 0, max: 3600 })({
    default: 30,
    desc: 'Seconds for which a model is not asked after its provider failed the same way ten times in a row; 0: it is always asked.',
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
  PUBLIC_BODY_MAX_BYTES: integer({ min: 1024, max: 16_777_216 })({
    default: 131_072,
    desc: 'Largest request body of routes that need no credentials, such as login; past it 413.',
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
  REQUESTS_PER_CALLER_MAX: integer({ min: 1, max: 1_000_000 })({
    default: 250,
    desc: 'Of these, those of one person, or of one network where nobody is logged in; past it 429.',
  }),
  STORED_MAX_BYTES: integer({ min: 0, max: Number.MAX_SAFE_INTEGER })({
    default: 268_435_456,
    desc: 'Bytes that are kept for one person, what was said and answered; past it 403. 0: no bound.',
  }),
  CONVERSATIONS_MAX: integer({ min: 0, max: 1_000_000_000 })({
    default: 100_000,
    desc: 'Conversations that one person keeps; past it 403. 0: no bound.',
  }),
  SHUTDOWN_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 30,
    desc: 'Seconds that answers under way get to finish after SIGTERM.',
  }),
  TRUSTED_PROXIES: networks({
    default: '',
    desc: 'Proxies, as addresses or CIDR networks, whose X-Forwarded-For, -Proto and -Host count. Empty: none.',
  }),
  JWT_REFRESH_GRACE_SECONDS: integer({ min: 0, max: 3600 })({
    default: 60,
    desc: 'Seconds in which a spent refresh token is answered with the successor that it has. After that it ends its session.',
  }),
  JWT_ROTATE: str({
    choices: ['on', 'off'],
    default: 'on',
    desc: 'on, or off: a refresh token then serves until it expires, as by default in SimpleJWT.',
  }),
  RATE_LIMITS: str({
    choices: ['on', 'off'],
    default: 'on',
    desc: 'on, or off for load tests: the log then says so at the start.',
  }),
  RATE_LIMIT_REGISTER: rate({
    default: '20/h',
    desc: 'Registrations of a network in any s, m, h or d.',
  }),
  RATE_LIMIT_LOGIN: rate({ default: '30/m', desc: 'Logins of a network.' }),
  RATE_LIMIT_LOGIN_ACCOUNT: rate({
    default: '10/m',
    desc: 'Logins to one username from one network.',
  }),
  RATE_LIMIT_SPEND: rate({ default: '120/m', desc: 'Requests of a person that can spend.' }),
  RATE_LIMIT_READ: rate({ default: '600/m', desc: 'Other requests of a person.' }),
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
  METRICS_HOST: host({
    default: '127.0.0.1',
    desc: 'Address for Prometheus; what is told there is for operators alone.',
  }),
  METRICS_PORT: integer({ min: 0, max: 65_535 })({
    default: 0,
    desc: 'Port on which /metrics is answered; 0 for none.',
  }),
};
