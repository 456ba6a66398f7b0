import { QueryFailedError } from 'typeorm';
import {
  DatabaseBusy,
  DatabaseFull,
  DatabaseNotAnswering,
  DatabaseUnavailable,
} from '../errors.js';
import { logOutage } from './outage-log.js';

type UnavailableClass = new () => DatabaseUnavailable;

/**
 * Faults by the codes of SQLite. A damaged file (SQLITE_CORRUPT, SQLITE_NOTADB) is not listed: a retry cannot help.
 */
const SQLITE_ERRORS: Readonly<Record<string, UnavailableClass>> = {
  SQLITE_BUSY: DatabaseBusy,
  SQLITE_LOCKED: DatabaseBusy,
  SQLITE_PROTOCOL: DatabaseBusy,
  SQLITE_FULL: DatabaseFull,
  SQLITE_IOERR: DatabaseNotAnswering,
  SQLITE_CANTOPEN: DatabaseNotAnswering,
};

/** Faults by the first characters of PostgreSQL's code. The longest match counts. */
const POSTGRES_ERRORS: Readonly<Record<string, UnavailableClass>> = {
  '08': DatabaseNotAnswering, // connection errors
  '25006': DatabaseNotAnswering, // read only: the server is a standby
  '25P03': DatabaseNotAnswering, // idle in a transaction for too long
  '28': DatabaseNotAnswering, // the server no longer accepts these credentials
  '3D000': DatabaseNotAnswering, // the database no longer exists
  '53': DatabaseBusy, // too few connections, or too little memory
  '53100': DatabaseFull,
  '55P03': DatabaseBusy, // a lock was waited for too long
  '57014': DatabaseBusy, // the statement timed out
  '57P': DatabaseNotAnswering, // the server stopped, crashed, or is starting
  '58030': DatabaseNotAnswering, // input or output failed
};

/** Codes of the operating system for a server that cannot be reached. */
const UNREACHABLE_CODES =
  /^(?:E(?:CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|ADDRNOTAVAIL)|ENOTFOUND|EAI_AGAIN|ENOENT)$/;

/** Errors of pg and its pool that have no code, only a message. */
const MESSAGES: readonly (readonly [RegExp, UnavailableClass])[] = [
  [/^timeout exceeded when trying to connect$/, DatabaseBusy],
  [
    /^Connection terminated|^Connection ended|is not queryable$|^Query read timeout$/,
    DatabaseNotAnswering,
  ],
  [/^Query runner already released|is not currently accepting connections$/, DatabaseNotAnswering],
];

/**
 * An error thrown by a driver or the operating system. It may come from another realm, so it may not be an `Error`.
 */
interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  /** One error for each address of the host that was tried. */
  readonly errors?: readonly unknown[];
}

/** Returns the driver's own error, or the first of several. Returns undefined if `error` is not an object. */
function driverErrorOf(error: unknown): DriverError | undefined {
  if (error instanceof QueryFailedError) return driverErrorOf(error.driverError);
  if (typeof error !== 'object' || error === null) return undefined;
  const thrown: DriverError = error;
  return Array.isArray(thrown.errors) ? driverErrorOf(thrown.errors[0]) : thrown;
}

function unavailableClassOf(code: string, message: string): UnavailableClass | undefined {
  const ofSqlite = SQLITE_ERRORS[code];
  if (ofSqlite) return ofSqlite;
  if (UNREACHABLE_CODES.test(code)) return DatabaseNotAnswering;
  for (const length of [5, 3, 2]) {
    const ofPostgres = code.length === 5 ? POSTGRES_ERRORS[code.slice(0, length)] : undefined;
    if (ofPostgres) return ofPostgres;
  }
  return MESSAGES.find(([words]) => words.test(message))?.[1];
}

/**
 * Returns the error to throw for an error of a driver. This is a 503 if the database is unreachable, busy, locked
 * or full, and such an outage is logged. Otherwise it is `error` itself.
 */
export function toServiceError(error: Error): Error;
export function toServiceError(error: unknown): unknown;
export function toServiceError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error;
  const { code, message } = driverErrorOf(error) ?? {};
  const words = typeof message === 'string' ? message : '';
  const Unavailable = unavailableClassOf(typeof code === 'string' ? code : '', words);
  if (!Unavailable) return error;
  const unavailable = new Unavailable();
  unavailable.reason = words || String(code);
  logOutage(unavailable.message, unavailable.reason);
  return unavailable;
}
