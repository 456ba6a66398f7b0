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
  HOST: host({
    default: '127.0.0.1',
    desc: 'Address to listen on. 0.0.0.0 listens on all addresses.',
  }),
  PORT: integer({ min: 0, max: 65_535 })({
    default: 8000,
    desc: 'Port to listen on. 0 picks a free port.',
  }),
  DATABASE_URL: databaseUrl({
    default: 'sqlite:./data/tallychat.sqlite',
    desc: 'sqlite:<path> or postgres://<user>:<password>@<host>:<port>/<name>.',
  }),
  DATABASE_POOL_MAX: integer({ min: 2, max: 200 })({
    default: 10,
    desc: 'Maximum number of connections to PostgreSQL. SQLite always has one writer and one reader.',
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
    desc: 'Path of a JSON file with providers and models (docs/models.md). Empty: only echo and the models that OPENAI_MODELS and GEMINI_MODELS name.',
  }),
  OPENAI_API_KEY: providerKey({
    default: '',
    desc: 'API key for OpenAI, or for the server at OPENAI_BASE_URL. Used only if OPENAI_MODELS names models.',
  }),
  OPENAI_MODELS: modelNames({
    default: '',
    desc: 'Models of OpenAI to serve at PRICE_PER_MESSAGE, separated by commas. The first one is the default. Ignored if MODELS_FILE is set.',
  }),
  OPENAI_BASE_URL: providerUrl({
    default: '',
    desc: 'URL of another server with the API of OpenAI. It may work without a key. Empty: https://api.openai.com/v1.',
  }),
  GEMINI_API_KEY: providerKey({
    default: '',
    desc: 'API key for Google Gemini. Used only if GEMINI_MODELS names models.',
  }),
  GEMINI_MODELS: modelNames({
    default: '',
    desc: 'Models of Gemini to serve at PRICE_PER_MESSAGE, separated by commas. They are listed after OPENAI_MODELS. Ignored if MODELS_FILE is set.',
  }),
  PROVIDER_REST_SECONDS: integer({ min: 0, max: 3600 })({
    default: 30,
    desc: 'Seconds for which a model gets no requests after its provider failed ten times in a row with the same error. 0: no pause.',
  }),
  HTTPS_PROXY: proxyUrl({
    default: '',
    desc: 'Proxy for requests to providers with an https URL.',
  }),
  HTTP_PROXY: proxyUrl({
    default: '',
    desc: 'Proxy for requests to providers with an http URL.',
  }),
  NO_PROXY: hosts({
    default: '',
    desc: 'Hosts that are contacted without a proxy, separated by commas.',
  }),
  MESSAGE_MAX_CHARS: integer({ min: 1, max: 1_000_000 })({
    default: 100_000,
    desc: 'Maximum length of a message, in Unicode code points.',
  }),
  BODY_MAX_BYTES: integer({ min: 1024, max: 16_777_216 })({
    default: 1_048_576,
    desc: 'Maximum size of a request body. A larger body gets 413.',
  }),
  PUBLIC_BODY_MAX_BYTES: integer({ min: 1024, max: 16_777_216 })({
    default: 131_072,
    desc: 'Maximum size of a request body on routes that need no credentials, such as login. A larger body gets 413.',
  }),
  ANSWER_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 120,
    desc: 'Maximum time for a complete answer of a model, in seconds.',
  }),
  REQUEST_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 60,
    desc: 'Maximum time in which a client must send a complete request, in seconds. A slower request gets 408.',
  }),
  HOLD_LIFETIME_SECONDS: integer({ min: 1, max: DAY_SECONDS })({
    default: 600,
    desc: 'A hold that was never resolved expires this many seconds after the time limit of its answer.',
  }),
  IDEMPOTENCY_RETENTION_SECONDS: integer({ min: 1, max: 3650 * DAY_SECONDS })({
    default: DAY_SECONDS,
    desc: 'Seconds for which a stored answer is replayed to requests with the same Idempotency-Key.',
  }),
  ACCESS_TOKEN_IDLE_SECONDS: integer({ min: 1, max: 3650 * DAY_SECONDS })({
    default: 30 * DAY_SECONDS,
    desc: 'An access token expires if it is not used for this many seconds.',
  }),
  JWT_SECRET: jwtSecret({
    default: '',
    desc: 'Secret that signs JWTs, at least 32 characters. Empty: the service creates a key once, in ./data/jwt.key. Set it if several hosts serve.',
  }),
  ARGON2_MEMORY_KIB: integer({ min: 8192, max: 4_194_304 })({
    default: 19_456,
    desc: 'Memory of argon2id for one hash, in KiB. OWASP recommends 19456 with 2 passes.',
  }),
  ARGON2_PASSES: integer({ min: 1, max: 100 })({
    default: 2,
    desc: 'Number of passes of argon2id.',
  }),
  HASH_CONCURRENCY: integer({ min: 0, max: 1024 })({
    default: 0,
    desc: 'Number of password hashes computed at the same time. 0: the number of cores, but at most UV_THREADPOOL_SIZE (4 by default) minus 2.',
  }),
  HASH_QUEUE_MAX: integer({ min: 0, max: 100_000 })({
    default: 100,
    desc: 'Maximum number of password hashes that wait in each of three queues. A further request gets 503.',
  }),
  REQUESTS_MAX: integer({ min: 1, max: 1_000_000 })({
    default: 5000,
    desc: 'Maximum number of requests in progress at the same time, including open streams. A further request gets 503.',
  }),
  REQUESTS_PER_CALLER_MAX: integer({ min: 1, max: 1_000_000 })({
    default: 250,
    desc: 'Maximum number of requests in progress for one user, or for one network if the request has no user. A further request gets 429.',
  }),
  STORED_MAX_BYTES: integer({ min: 0, max: Number.MAX_SAFE_INTEGER })({
    default: 268_435_456,
    desc: 'Maximum number of bytes stored for one user, mainly messages and answers. A request that needs more gets 403. 0: no limit.',
  }),
  CONVERSATIONS_MAX: integer({ min: 0, max: 1_000_000_000 })({
    default: 100_000,
    desc: 'Maximum number of conversations that are stored for one user. A further one gets 403. 0: no limit.',
  }),
  SHUTDOWN_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 })({
    default: 30,
    desc: 'After SIGTERM, answers in progress may take this many seconds to finish.',
  }),
  TRUSTED_PROXIES: networks({
    default: '',
    desc: 'Trusted proxies, as addresses or CIDR networks, separated by commas. Only their X-Forwarded-For, -Proto and -Host headers are used. Empty: none.',
  }),
  JWT_REFRESH_GRACE_SECONDS: integer({ min: 0, max: 3600 })({
    default: 60,
    desc: 'For this many seconds, a used refresh token returns its existing successor again. A later use ends its session.',
  }),
  JWT_ROTATE: str({
    choices: ['on', 'off'],
    default: 'on',
    desc: 'on or off. If off, a refresh token can be used until it expires, as in SimpleJWT by default.',
  }),
  RATE_LIMITS: str({
    choices: ['on', 'off'],
    default: 'on',
    desc: 'on or off. off is for load tests, and is logged at startup.',
  }),
  RATE_LIMIT_REGISTER: rate({
    default: '20/h',
    desc: 'Maximum rate of registrations from one network, as count/window. It holds for any window of one s, m, h or d.',
  }),
  RATE_LIMIT_LOGIN: rate({ default: '30/m', desc: 'Maximum rate of logins from one network.' }),
  RATE_LIMIT_LOGIN_ACCOUNT: rate({
    default: '10/m',
    desc: 'Maximum rate of logins with one username from one network, and of password checks in one session.',
  }),
  RATE_LIMIT_SPEND: rate({
    default: '120/m',
    desc: 'Maximum rate of requests that can spend tokens, for one user.',
  }),
  RATE_LIMIT_READ: rate({
    default: '600/m',
    desc: 'Maximum rate of other requests, for one user.',
  }),
  CORS_ORIGINS: origins({
    default: '',
    desc: 'Origins from which web pages may call the API, separated by commas, or * for all. Empty: only its own origin.',
  }),
  REGISTRATION: str({
    choices: ['open', 'closed'],
    default: 'open',
    desc: 'open or closed. If closed, only operators can create users (npm run admin -- create-user).',
  }),
  PUBLIC_URL: publicUrl({
    default: '',
    desc: 'URL at which users reach the service, for the links in mails and those that npm run admin prints. Empty: no mail is sent, and printed links begin with /#.',
  }),
  SMTP_URL: smtpUrl({
    default: '',
    desc: 'Mail server: smtp://<user>:<password>@<host>:<port>, or smtps://... Empty: no mail is sent.',
  }),
  SMTP_FROM: smtpFrom({
    default: '',
    desc: 'Sender address of mails. Empty: no mail is sent.',
  }),
  METRICS_HOST: host({
    default: '127.0.0.1',
    desc: 'Address to listen on for Prometheus. The metrics are only for operators.',
  }),
  METRICS_PORT: integer({ min: 0, max: 65_535 })({
    default: 0,
    desc: 'Port of /metrics. 0: metrics are not served.',
  }),
};
