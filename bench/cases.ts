import type { HttpRequest } from './driver.js';
import { PASSWORD, logins, reader, payers, payerAt, type Person } from './people.js';

/** More than any server registers in a second. */
const REGISTRATIONS_A_SECOND = 1000;

/** One row of the table, for each number of connections. */
export interface Case {
  readonly name: string;
  /** Whether the floor has the route. */
  readonly hasFloor: boolean;
  /** Returns the requests of one run, which are sent in turn. */
  readonly requests: (seconds: number) => HttpRequest[];
}

const message = 'Hello, how does this work?';

const get = (path: string, { secret }: Person): HttpRequest => ({
  method: 'GET',
  path,
  headers: { Authorization: `Token ${secret}` },
});

const post = (path: string, body: object, person?: Person): HttpRequest => ({
  method: 'POST',
  path,
  headers: {
    'Content-Type': 'application/json',
    ...(person && { Authorization: `Token ${person.secret}` }),
  },
  body: JSON.stringify(body),
});

export const balance = (person: Person) => get('/api/token-balance/', person);
export const chat = (person: Person, model?: string) =>
  post('/api/chat/', { message, model }, person);
export const streamed = (person: Person, model: string) =>
  post('/api/chat/', { message, model, stream: true }, person);
export const firstPage = (person: Person) => get('/api/chat/', person);
/** The slowest search: every letter of the text could be the start of a match. */
export const searchOf = (person: Person) => get(`/api/chat/?search=${'a'.repeat(199)}b`, person);
export const login = (username: string) => post('/api/login/', { username, password: PASSWORD });

let registered = 0;

/** Returns the registration of a new user. */
export const registerAs = () =>
  post('/api/register/', { username: `new${String(registered++)}`, password: PASSWORD });

export const CASES: readonly Case[] = [
  { name: 'balance', hasFloor: true, requests: () => payers.map(balance) },
  { name: 'chat of one wallet', hasFloor: true, requests: () => [chat(payerAt(0))] },
  {
    name: 'chat of many wallets',
    hasFloor: true,
    requests: () => payers.map((person) => chat(person)),
  },
  { name: 'history page', hasFloor: true, requests: () => [firstPage(reader)] },
  {
    name: 'streamed chat',
    hasFloor: false,
    requests: () => payers.map((person) => streamed(person, 'echo')),
  },
  { name: 'login', hasFloor: true, requests: () => logins.map(login) },
  {
    name: 'register',
    hasFloor: true,
    requests: (seconds) => Array.from({ length: seconds * REGISTRATIONS_A_SECOND }, registerAs),
  },
];
