import type { Socket } from 'node:net';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { TestApp } from '../support/app.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { Upstream, type Behaviour, type UpstreamCall } from '../support/upstream.js';

const PING_EVERY_MS = 15_000;
/** While an answer runs, one interval polls for a stop from another process. */
const STOP_POLL_TIMERS = 1;
/** If nothing moved in so many looks, the stream has stalled. The event loop runs between them. */
const STALLED_LOOKS = 40;
const START = /event: start\ndata: .*\n\n/;

/** Ends the one answer that waits. */
let answerNow: () => void = () => undefined;

const BEHAVIOURS: Record<string, Behaviour> = {
  waits: async (call) => {
    call.open();
    await new Promise<void>((resolve) => (answerNow = resolve));
    await call.delta('at last');
    await call.finish();
    await call.end();
  },
  /** More than the sockets buffer. */
  flood: async (call: UpstreamCall) => {
    call.open();
    for (let n = 0; n < 2000 && !call.isAborted; n += 1) await call.delta('\u0001'.repeat(1900));
    await call.finish();
    await call.end();
  },
};

const REAL = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
  ...(['setImmediate', 'clearImmediate'] as const),
];
const TIMEOUTS = ['setTimeout', 'clearTimeout'] as const;
/** Only intervals are faked. Sockets, answers and time limits use the real clock. */
const INTERVALS_ALONE = { doNotFake: [...REAL, ...TIMEOUTS] };
/** The real function, stored before the spec fakes it. */
const sleep = setTimeout;

describe('the heartbeat of a stream', () => {
  const sockets = new Set<Socket>();
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    const limits = { contextTokens: 10_000_000, maxTokens: 5_000_000 };
    app = await TestApp.start(
      'sqlite',
      modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS), limits),
    );
    const server = app.nest.getHttpServer() as {
      on(event: string, on: (one: Socket) => void): void;
    };
    server.on('connection', (socket) => sockets.add(socket));
  });
  beforeEach(() => {
    jest.useFakeTimers(INTERVALS_ALONE);
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await new Promise((resolve) => sleep(resolve, 5));
  };
  const pingsOf = ({ events }: EventReader) => events.filter(({ name }) => name === ':').length;
  const open = async (model: string) => {
    const ada = await app.newUser();
    const body = { message: 'Hi', model, stream: true };
    return { ada, reader: await EventReader.open(app.url, ada, body) };
  };

  it('is sent at once and every 15 s until the answer ends', async () => {
    const { ada, reader } = await open('flat:waits');
    await until(() => pingsOf(reader) === 1);
    jest.advanceTimersByTime(PING_EVERY_MS - 1);
    expect(jest.getTimerCount()).toBe(1 + STOP_POLL_TIMERS);
    for (let n = 2; n <= 4; n += 1) {
      jest.advanceTimersByTime(n === 2 ? 1 : PING_EVERY_MS);
      await until(() => pingsOf(reader) >= n);
      expect(reader.raw.replace(START, '')).toBe(': ping\n\n'.repeat(n));
    }
    answerNow();
    const events = await reader.all();
    const names = events.map(({ name }) => name);
    expect(names).toEqual([':', 'start', ':', ':', ':', 'delta', 'done']);
    await until(() => jest.getTimerCount() === 0);
    expect(await ada.balance()).toBe(3900);
  });

  it('stops when the client leaves', async () => {
    const { ada, reader } = await open('flat:waits');
    await until(() => pingsOf(reader) === 1);
    expect(jest.getTimerCount()).toBe(1 + STOP_POLL_TIMERS);
    reader.leave();
    await until(() => jest.getTimerCount() === 0);
    await upstream.last.aborted;
    await until(async () => (await ada.history()).length > 0);
    expect(await ada.history()).toMatchObject([{ status: 'aborted', tokens: 100 }]);
    expect(await ada.balance()).toBe(3900);
  });

  /** Opens a stream for a reader that takes nothing, and waits until the provider has stopped sending too. */
  const openStalled = async () => {
    sockets.clear();
    const { ada, reader } = await open('flat:flood');
    reader.incoming.pause();
    const waiting = () => Math.max(...[...sockets].map(({ writableLength }) => writableLength));
    let [before, looks] = [-1, 0];
    await until(() => {
      looks = before === upstream.last.sentBytes ? looks + 1 : 0;
      before = upstream.last.sentBytes;
      return waiting() > 0 && looks > STALLED_LOOKS;
    });
    return { ada, reader, waiting };
  };

  it('is not added to the unread bytes of a client that does not read', async () => {
    const { ada, reader, waiting } = await openStalled();
    const kept = waiting();
    jest.advanceTimersByTime(10_000 * PING_EVERY_MS);
    expect(waiting()).toBe(kept);
    reader.incoming.resume();
    const events = await reader.all();
    expect(events.filter(({ name }) => name === ':')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ name: 'done', content: { finish_reason: 'stop' } });
    expect(await ada.balance()).toBe(3900);
  });

  it('ends for a client that reads nothing for a minute; the client pays', async () => {
    jest.useFakeTimers({ doNotFake: REAL });
    const { ada, reader } = await openStalled();
    jest.advanceTimersByTime(59_999);
    expect([upstream.last.isAborted, await ada.history()]).toEqual([false, []]);
    jest.advanceTimersByTime(1);
    await upstream.last.aborted;
    await until(async () => (await ada.history()).length > 0);
    expect(await ada.history()).toMatchObject([{ status: 'aborted', tokens: 100 }]);
    reader.incoming.resume();
    expect(await reader.ended).toBe(false);
    expect(reader.raw).not.toContain('event: done');
    expect(await ada.balance()).toBe(3900);
  });
});
