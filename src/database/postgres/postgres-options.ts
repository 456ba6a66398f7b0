import type pg from 'pg';
import pgTypes from 'pg-types';
import { endOnSilence } from './server-silence.js';

export const POSTGRES_CONNECT_TIMEOUT_MS = 10_000;
/** The timeout of every statement, except those that run through `withoutStatementTimeout`. */
export const POSTGRES_STATEMENT_TIMEOUT_MS = 30_000;
/** PostgreSQL ends a transaction that is idle for longer. Otherwise a blocked process would keep its locks. */
const POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** Idle time before the first keep-alive probe. A server that vanished is noticed about ten seconds after that. */
const POSTGRES_KEEP_ALIVE_AFTER_MS = 10_000;

/** Parses a `bigint` column (an amount or a time). Throws `RangeError` if it is not a safe JavaScript integer. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
}

/**
 * Ignores errors of idle connections. While a connection is in the pool, no other listener exists for its errors,
 * and an unhandled `error` event would end the process. The next statement on the connection reports the failure.
 */
function ignoreIdleConnectionErrors(client: pg.Client): void {
  client.on('error', () => undefined);
}

/** Sets the timeouts with statements, because poolers (PgBouncer) refuse them as parameters of the connection. */
async function setTimeouts(client: pg.Client): Promise<void> {
  await client.query(
    `SET statement_timeout = ${String(POSTGRES_STATEMENT_TIMEOUT_MS)};
     SET idle_in_transaction_session_timeout = ${String(POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS)}`,
  );
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: string) =>
    oid === (pgTypes.builtins.INT8 as number)
      ? parseInt8
      : // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- pg asks for any type's number, its types list some
        (pgTypes.getTypeParser(oid, format as 'text') as unknown),
};

/** Returns the options of the driver's pool, which has at most `max` connections. */
export function postgresPoolOptions(max: number) {
  return {
    max,
    keepAlive: true,
    keepAliveInitialDelayMillis: POSTGRES_KEEP_ALIVE_AFTER_MS,
    types,
    connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
    onConnect: (client: pg.Client) => {
      ignoreIdleConnectionErrors(client);
      endOnSilence(client);
      return setTimeouts(client);
    },
  };
}
