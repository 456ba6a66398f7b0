import { readFileSync } from 'node:fs';

/** A value of a JSON document. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface GivenUser {
  readonly username: string;
  readonly password?: string;
  readonly tokens?: number;
  readonly is_active?: boolean;
  readonly no_token?: boolean;
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  /** Set if the body is not UTF-8. */
  readonly body_base64?: string;
  /** How many times the request is sent, if it prepares the case. */
  readonly times?: number;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Json;
  /** The bytes, if the JSON is not compact. */
  readonly raw?: string;
}

/** What the database contains about a user after the case. */
export interface UserState {
  readonly tokens: number;
  readonly chats: number;
  readonly email: string;
  readonly is_active?: boolean;
}

/** A request to the reference, and its result. */
export interface RecordedCase {
  readonly name: string;
  readonly given: readonly GivenUser[];
  readonly before?: readonly RecordedRequest[];
  readonly request: RecordedRequest;
  readonly response: RecordedAnswer;
  readonly after: Record<string, UserState>;
}

/** This service's answer where it differs from the reference. */
export interface Deviation {
  readonly name: string;
  readonly status: number;
  readonly body: Json;
  readonly after: Record<string, UserState> | undefined;
}

/** A header whose value differs in every answer below `path`. */
export interface HeaderDeviation {
  readonly path: string;
  readonly header: string;
  readonly recorded: string;
  readonly here: string;
}

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

export const recordedCases = read('./recorded.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RecordedCase);

/** Returns the rows of the tables of `deviations.md` with this number of columns, without the headings. */
function rowsOf(columns: number): string[][] {
  const rows = read('./deviations.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(1, -1).split(' | '));
  const plain = (cell: string) => cell.trim().replaceAll(/^`|`$/g, '').replaceAll('\\|', '|');
  return rows.filter((row) => row.length === columns).map((row) => row.map(plain));
}

function isCase(row: string[]): row is [string, string, string, string] {
  return row.length === 4;
}

export const deviations: readonly Deviation[] = rowsOf(4)
  .filter(isCase)
  .map(([name, answer, after, why]) => {
    if (why === '') throw new Error(`a deviation without a reason: ${name}`);
    const [, status, body = ''] = /^(\d{3}) (.*)$/.exec(answer) ?? [];
    return {
      name,
      status: Number(status),
      body: JSON.parse(body) as Json,
      after: after === '' ? undefined : (JSON.parse(after) as Record<string, UserState>),
    };
  });

export const headerDeviations: readonly HeaderDeviation[] = rowsOf(5).map(
  ([path = '', header = '', recorded = '', here = '']) => ({ path, header, recorded, here }),
);
