import { QueryFailedError } from 'typeorm';
import { DatabaseBusy, DatabaseFull, DatabaseSilent, DatabaseUnavailable } from '../errors.js';
import { tellOutage } from './outage-log.js';

type Fault = new () => DatabaseUnavailable;

/** SQLite's. A damaged file (SQLITE_CORRUPT, SQLITE_NOTADB) is none of them: no retry would serve. */
const SQLITE: Readonly<Record<string, Fault>> = {
  SQLITE_BUSY: DatabaseBusy,
  SQLITE_LOCKED: DatabaseBusy,
  SQLITE_PROTOCOL: DatabaseBusy,
  SQLITE_FULL: DatabaseFull,
  SQLITE_IOERR: DatabaseSilent,
  SQLITE_CANTOPEN: DatabaseSilent,
};

/** PostgreSQL's, by the beginning of the code: the longest that fits counts. */
const POSTGRES: Readonly<Record<string, Fault>> = {
  '08': DatabaseSilent, // the connection
  '25006': DatabaseSilent, // read only: a standby
  '25P03': DatabaseSilent, // idle in a transaction for too long
  '28': DatabaseSilent, // not let in any more
  '3D000': DatabaseSilent, // no such database any more
  '53': DatabaseBusy, // too few connections, too little memory
  '53100': DatabaseFull,
  '55P03': DatabaseBusy, // a lock was waited for too long
  '57014': DatabaseBusy, // the statement's time was up
  '57P': DatabaseSilent, // stopped, crashed, or starting
  '58030': DatabaseSilent, // input or output failed
};

/** The operating system's, for a server that is not reached. */
const NOT_REACHED =
  /^(?:E(?:CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|ADDRNOTAVAIL)|ENOTFOUND|EAI_AGAIN|ENOENT)$/;

/** pg and its pool tell these by their words alone. */
const WORDS: readonly (readonly [RegExp, Fault])[] = [
  [/^timeout exceeded when trying to connect$/, DatabaseBusy],
  [
    /^Connection terminated|^Connection ended|is not queryable$|^Query read timeout$/,
    DatabaseSilent,
  ],
  [/^Query runner already released|is not currently accepting connections$/, DatabaseSilent],
];

/** What drivers and the operating system throw has a code or words, and is not always an `Error` of this realm. */
interface Thrown {
  readonly code?: unknown;
  readonly message?: unknown;
  /** One for each address of a host that was tried. */
  readonly errors?: readonly unknown[];
}

/** The driver's own error; of several the first. Undefined for what is none. */
function driverErrorOf(error: unknown): Thrown | undefined {
  if (error instanceof QueryFailedError) return driverErrorOf(error.driverError);
  if (typeof error !== 'object' || error === null) return undefined;
  const thrown: Thrown = error;
  return Array.isArray(thrown.errors) ? driverErrorOf(thrown.errors[0]) : thrown;
}

function faultOf(code: string, message: string): Fault | undefined {
  const ofSqlite = SQLITE[code];
  if (ofSqlite) return ofSqlite;
  if (NOT_REACHED.test(code)) return DatabaseSilent;
  for (const length of [5, 3, 2]) {
    const ofPostgres = code.length === 5 ? POSTGRES[code.slice(0, length)] : undefined;
    if (ofPostgres) return ofPostgres;
  }
  return WORDS.find(([words]) => words.test(message))?.[1];
}

/**
 * What to throw for an error of a driver: 503 where the database is away, busy, locked or full, which is told
 * to the operator once for many; otherwise the error as it is.
 */
export function asFault(error: Error): Error;
export function asFault(error: unknown): unknown;
export function asFault(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error;
  const { code, message } = driverErrorOf(error) ?? {};
  const words = typeof message === 'string' ? message : '';
  const Fault = faultOf(typeof code === 'string' ? code : '', words);
  if (!Fault) return error;
  const fault = new Fault();
  tellOutage(fault.message, words || String(code));
  return fault;
}
