import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RouteTable } from '../../src/http/route-table.js';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { byEffort } from '../support/effort.js';
import { seed } from '../support/seeded-random.js';
import {
  askOf,
  randomRequest,
  type OwnedIds,
  type RandomRequest,
} from '../support/random-requests.js';
import { openConversation, sendMessage } from '../support/conversations.js';

/** The number of requests that are sent at once, so that a hang or a crash affects other requests. */
const BATCH = 16;
/** Number of requests to the routes of each method. The body of a GET is not even read. */
const REQUESTS = {
  POST: byEffort({ light: 150, full: 4000 }),
  PUT: byEffort({ light: 40, full: 800 }),
  PATCH: byEffort({ light: 40, full: 800 }),
  DELETE: byEffort({ light: 40, full: 800 }),
  GET: byEffort({ light: 30, full: 400 }),
};

/** The caller that sends the requests, and the ids of its objects. */
interface Operator {
  readonly caller: Caller;
  readonly belongings: OwnedIds;
}

describe('random bodies', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', {
      RATE_LIMITS: 'off',
      HASH_QUEUE_MAX: '1000',
      MESSAGE_MAX_CHARS: '1000',
    });
  });
  afterAll(() => app.close());

  const routesOf = (method: string) =>
    app.nest
      .get(RouteTable)
      .all()
      .filter((route) => route.method === method);

  /** Creates an operator with enough tokens for all requests. */
  const newOperator = async (): Promise<Operator> => {
    const caller = await app.newUser({ tokens: 1_000_000_000 });
    const change = 'UPDATE users SET is_staff = $2 WHERE username = $1';
    await app.database.rows(change, [caller.username, true]);
    return prepareOperator(caller);
  };

  /** Gives the caller a conversation and a turn, whose ids paths can contain. */
  const prepareOperator = async (caller: Caller): Promise<Operator> => {
    const conversation = await openConversation(caller, { model: 'echo' });
    const { headers } = await sendMessage(caller, conversation, 'hi');
    const { username } = caller;
    return { caller, belongings: { username, conversation, turn: String(headers['turn-id']) } };
  };

  /**
   * Returns the operator, or a new one if a random request has ended its session, deactivated it, or deleted the
   * conversation.
   */
  const restored = async (operator: Operator): Promise<Operator> => {
    const { caller, belongings } = operator;
    const { status } = await caller.get(`/api/conversations/${belongings.conversation}/`);
    if (status === 401) return newOperator();
    if (status === 404) return prepareOperator(caller);
    expect(status).toBe(200);
    return operator;
  };

  const expectErrorSentence = ({ status, headers, body }: Answer) => {
    expect(status).toBeLessThan(500);
    expect(headers['x-request-id']).toMatch(/^[\w.-]+$/);
    if (status < 400 || typeof body === 'string') return;
    const isProblem = 'detail' in body && 'code' in body;
    const isFields = Object.values(body as object).every(Array.isArray);
    expect([body, isProblem || isFields || 'error' in body]).toEqual([body, true]);
  };

  const sendAll = (
    requests: readonly RandomRequest[],
    { caller, belongings }: Operator,
  ): Promise<Answer[]> =>
    Promise.all(
      requests.map((request) => {
        const ask = askOf(request, belongings);
        const headers = { Authorization: `Token ${caller.token}`, ...ask.headers };
        return app.send({ ...ask, headers });
      }),
    );

  it.each(Object.entries(REQUESTS))(
    'are answered on any %s route, %i of them, without a 5xx',
    async (method, count) => {
      const routes = routesOf(method);
      expect(routes).not.toEqual([]);
      let operator = await newOperator();
      const runs = Math.ceil(count / BATCH);
      const batches = fc.array(randomRequest(routes), { minLength: BATCH, maxLength: BATCH });
      const property = fc.asyncProperty(batches, async (requests) => {
        const answers = await sendAll(requests, operator);
        answers.forEach(expectErrorSentence);
        operator = await restored(operator);
      });
      await fc.assert(property, { seed, numRuns: runs });
      expect((await app.send({ path: '/health/ready' })).status).toBe(200);
      expect(await app.database.unbalancedWallets()).toEqual([]);
    },
  );
});
