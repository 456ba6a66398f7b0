/** TypeScript's options for a client: `strict`, and only the types of a browser. */
export const COMPILER_OPTIONS = {
  strict: true,
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom', 'dom.iterable'],
  types: [],
  outDir: 'out',
};

/** The results of the README's session. Each program below writes them as JSON, whatever its client is. */
export interface ClientSession {
  readonly registered: string;
  readonly answer: string;
  readonly tokens: number;
  readonly events: string[];
  readonly streamed: string;
  readonly charged: number;
  readonly replayed: (string | null)[];
  readonly amounts: number[];
  readonly completed: string | null;
  readonly responded: string;
  readonly refused: { readonly status: number; readonly error: string; readonly needed: string };
  readonly invalid: string[];
  readonly leaving: number[];
}

/** Returns the value of an answer, or ends the program. The start of both programs below. */
const PRESENT = `function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error('no ' + what);
  return value;
}
`;

/** Writes the results of the session as JSON. The end of both programs below. */
const REPORT = `  const output = present(response.data, 'response').output.flatMap((item) =>
    item.type === 'message' ? item.content : [],
  );
  const story = {
    registered: present(registered.data, 'registration').message,
    answer: present(chat.data, 'answer').response,
    tokens: present(balance.data, 'balance').tokens,
    events: events.map((event) => Object.keys(event).join()),
    streamed: events.map((event) => ('text' in event ? String(event.text) : '')).join(''),
    charged: done && 'tokens_charged' in done ? done.tokens_charged : undefined,
    replayed,
    amounts: present(ledger.data, 'ledger').results.map(({ amount }) => amount),
    completed: present(completion.data, 'completion').choices[0]?.message.content,
    responded: output.map(({ text }) => text).join(''),
    refused: {
      status: refusal.response?.status,
      error: refusal.error && 'error' in refusal.error ? refusal.error.error : undefined,
      needed: refusal.response?.headers.get('Tokens-Required'),
    },
    invalid: Object.keys(present(invalid.error, 'refusal')),
    leaving: [logout.response?.status, late.response?.status],
  };
  console.log(JSON.stringify(story));
}
declare const process: { argv: string[] };
void main();
`;

/** A session for the client of `openapi-typescript`, with `openapi-fetch` at run time. */
export const TYPESCRIPT_SESSION = `
import createClient from 'openapi-fetch';
import type { components, paths } from './api';

type ChatEvent = components['schemas']['ChatEvent'];
const baseUrl = process.argv[2];
const credentials = { username: 'alan', password: 'strongpassword123' };

${PRESENT}
async function eventsOf(stream: ReadableStream<Uint8Array> | null): Promise<ChatEvent[]> {
  const lines = (await new Response(stream).text()).split('\\n');
  const values = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
  return values.map((value) => JSON.parse(value) as ChatEvent);
}

async function main() {
  const open = createClient<paths, 'application/json'>({ baseUrl });
  const registered = await open.POST('/api/register/', { body: credentials });
  const login = await open.POST('/api/login/', { body: credentials });
  const { token } = present(login.data, 'login');
  const headers = { Authorization: 'Token ' + token };
  const api = createClient<paths, 'application/json'>({ baseUrl, headers });
  const chat = await api.POST('/api/chat/', { body: { message: 'Hello' } });
  const balance = await api.GET('/api/token-balance/');
  const stream = await api.POST('/api/chat/', {
    body: { message: 'Hi', stream: true },
    parseAs: 'stream',
  });
  const events = await eventsOf(stream.response.body);
  const done = events.find((event) => 'tokens_charged' in event);
  const once = () =>
    api.POST('/api/chat/', {
      params: { header: { 'Idempotency-Key': 'order-7' } },
      body: { message: 'Once' },
    });
  const replayed = [await once(), await once()].map(({ response }) =>
    response.headers.get('Idempotent-Replayed'),
  );
  const completion = await api.POST('/v1/chat/completions', {
    body: { model: 'echo', messages: [{ role: 'user', content: 'Four' }] },
  });
  const response = await api.POST('/v1/responses', { body: { model: 'echo', input: 'Five' } });
  const ledger = await api.GET('/api/wallet/ledger/', { params: { query: { page_size: 100 } } });
  const invalid = await api.POST('/api/chat/', { body: { message: '' } });
  const refusal = await api.POST('/api/chat/', { body: { message: 'Six' } });
  const logout = await api.POST('/api/logout/');
  const late = await api.GET('/api/token-balance/');
${REPORT}`;

/** A session for the client of `@hey-api/openapi-ts`. */
export const HEY_SESSION = `
import * as api from './hey/index';
import type { ChatEvent } from './hey/index';
import { client } from './hey/client.gen';

const credentials = { username: 'ada', password: 'strongpassword123' };

${PRESENT}
async function main() {
  client.setConfig({ baseUrl: process.argv[2] });
  const registered = await api.register({ body: credentials });
  const { token } = present((await api.logIn({ body: credentials })).data, 'login');
  client.setConfig({ auth: token });
  const chat = await api.sendMessage({ body: { message: 'Hello' } });
  const balance = await api.readBalance();
  const { stream } = await client.sse.post<{ 200: ChatEvent }>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/',
    body: { message: 'Hi', stream: true },
    headers: { 'Content-Type': 'application/json' },
  });
  const events: ChatEvent[] = [];
  for await (const event of stream) events.push(event);
  const done = events.find((event) => 'tokens_charged' in event);
  const once = () =>
    api.sendMessage({
      headers: { 'Idempotency-Key': 'order-7' },
      body: { message: 'Once' },
    });
  const replayed = [await once(), await once()].map(({ response }) =>
    response?.headers.get('Idempotent-Replayed'),
  );
  const completion = await api.createChatCompletion({
    body: { model: 'echo', messages: [{ role: 'user', content: 'Four' }] },
  });
  const response = await api.createResponse({ body: { model: 'echo', input: 'Five' } });
  const ledger = await api.listLedger({ query: { page_size: 100 } });
  const invalid = await api.sendMessage({ body: { message: '' } });
  const refusal = await api.sendMessage({ body: { message: 'Six' } });
  const logout = await api.logOut();
  const late = await api.readBalance();
${REPORT}`;

/** Converts the document to a Postman collection, runs it, and writes each exchange as JSON. */
export const POSTMAN_RUN = `
const { readFileSync } = require('node:fs');
const { convertV2 } = require('openapi-to-postmanv2');
const newman = require('newman');

const [, , baseUrl, bearerToken, options] = process.argv;
const input = { type: 'string', data: readFileSync('openapi.json', 'utf8') };
convertV2(input, JSON.parse(options), (fault, made) => {
  if (fault || !made.result) throw fault ?? new Error(made.reason);
  const variables = Object.entries({ baseUrl, bearerToken });
  const envVar = variables.map(([key, value]) => ({ key, value }));
  newman.run({ collection: made.output[0].data, envVar }, (failure, summary) => {
    if (failure) throw failure;
    const exchanges = summary.run.executions.map(({ request, response, requestError }) => ({
      method: request.method,
      path: request.url.getPath(),
      ...(requestError && { failure: requestError.message }),
      status: response?.code,
      headers: response && Object.fromEntries(response.headers.map(({ key, value }) => [key.toLowerCase(), value])),
      raw: response?.text() ?? '',
    }));
    process.stdout.write(JSON.stringify(exchanges));
  });
});
`;
