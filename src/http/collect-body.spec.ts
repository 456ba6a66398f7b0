import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { PayloadTooLarge, TooManyOpenRequests } from '../errors.js';
import { collectBody } from './collect-body.js';
import { ReceivedBodies } from './received-bodies.js';

const BODY_MAX_BYTES = 100;
const BODIES_MAX_BYTES = 250;

/** The body of a request, and what came of it. */
class Sent {
  readonly stream = new PassThrough();
  outcome: unknown;
  isPaused = false;
  /** How often the name of the sender was computed. */
  namings = 0;

  constructor(bodies: ReceivedBodies, sender: string, declaredBytes?: number) {
    const socket = { pause: () => (this.isPaused = true) };
    const headers = { 'content-length': declaredBytes?.toString() };
    const payload = Object.assign(this.stream, { headers, socket });
    const done = (error: Error | null, body?: Buffer) => {
      this.outcome = error ?? body?.length;
    };
    const limits = {
      bytesMax: BODY_MAX_BYTES,
      sender: () => {
        this.namings += 1;
        return sender;
      },
    };
    collectBody(payload as unknown as IncomingMessage, limits, done, bodies);
  }

  /** Sends a piece of the body, and waits until it is read. */
  async send(bytes: number): Promise<this> {
    this.stream.write(Buffer.alloc(bytes));
    await nextTurn();
    return this;
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('collectBody', () => {
  const start = () => {
    const bodies = new ReceivedBodies(BODIES_MAX_BYTES);
    return (bytes: number, sender = 'somebody', declaredBytes?: number) =>
      new Sent(bodies, sender, declaredBytes).send(bytes);
  };

  it('refuses the oldest body, and stops reading it, if all together are too large', async () => {
    const send = start();
    const [first, second, third] = [await send(90), await send(90), await send(60)];
    expect([first.outcome, second.outcome, third.outcome]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await third.send(20);
    expect(first.outcome).toBeInstanceOf(TooManyOpenRequests);
    expect([first.isPaused, second.isPaused, third.isPaused]).toEqual([true, false, false]);
    second.stream.end();
    third.stream.end();
    await nextTurn();
    expect([second.outcome, third.outcome]).toEqual([90, 80]);
  });

  it('refuses only bodies of the sender who has sent the most, not an older one of another sender', async () => {
    const send = start();
    const other = await send(80, 'another');
    const [first, second] = [await send(90), await send(60)];
    await send(70);
    expect(first.outcome).toBeInstanceOf(TooManyOpenRequests);
    expect([other.outcome, second.outcome]).toEqual([undefined, undefined]);
    other.stream.end();
    second.stream.end();
    await nextTurn();
    expect([other.outcome, second.outcome]).toEqual([80, 60]);
  });

  it('refuses the oldest body of all if no sender has a large share', async () => {
    const send = start();
    const bodies = [];
    for (let n = 0; n < 19; n += 1) bodies.push(await send(13, `sender ${String(n)}`));
    expect(bodies.map(({ outcome }) => outcome)).toEqual(bodies.map(() => undefined));
    const last = await send(14, 'a little more');
    expect(bodies[0]?.outcome).toBeInstanceOf(TooManyOpenRequests);
    expect([bodies[1]?.outcome, last.outcome]).toEqual([undefined, undefined]);
  });

  it('stops counting a body that is complete, refused, or left by its client', async () => {
    const send = start();
    for (let n = 0; n < 10; n += 1) {
      const [complete, tooLarge, left] = [await send(70), await send(70), await send(70)];
      complete.stream.end();
      await tooLarge.send(BODY_MAX_BYTES);
      left.stream.destroy();
      await nextTurn();
      expect(complete.outcome).toBe(70);
      expect(tooLarge.outcome).not.toBeInstanceOf(TooManyOpenRequests);
      expect(left.outcome).toBeUndefined();
    }
  });

  it('does not count a body that has arrived whole, and counts one that lacks a byte', async () => {
    const send = start();
    const [first, second] = [await send(90), await send(90)];
    const whole = await send(90, 'somebody', 90);
    expect([first.outcome, second.outcome, whole.outcome]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    whole.stream.end();
    await nextTurn();
    expect(whole.outcome).toBe(90);
    await send(90, 'somebody', 91);
    expect(first.outcome).toBeInstanceOf(TooManyOpenRequests);
    expect(second.outcome).toBeUndefined();
  });

  it('accepts a body of exactly the maximum, and refuses one that is a byte longer', async () => {
    const send = start();
    for (const declared of [undefined, BODY_MAX_BYTES]) {
      const largest = await (await send(60, 'somebody', declared)).send(40);
      largest.stream.end();
      await nextTurn();
      expect(largest.outcome).toBe(BODY_MAX_BYTES);
    }
    expect((await (await send(60)).send(41)).outcome).toBeInstanceOf(PayloadTooLarge);
    // Nothing of it has to arrive if its length is declared.
    expect((await send(0, 'somebody', 101)).outcome).toBeInstanceOf(PayloadTooLarge);
  });

  it('computes the sender of a body once, and not at all if the body comes whole', async () => {
    const send = start();
    const inPieces = await send(10, 'somebody', 40);
    for (let n = 0; n < 3; n += 1) await inPieces.send(10);
    const whole = await send(40, 'somebody', 40);
    expect([inPieces.namings, whole.namings]).toEqual([1, 0]);
  });

  it('counts the memory that a body takes, which may be more than its bytes', async () => {
    const send = start();
    const first = await (await send(50)).send(10);
    const second = await (await send(50)).send(10);
    expect(first.outcome).toBeUndefined();
    await send(60);
    expect(first.outcome).toBeInstanceOf(TooManyOpenRequests);
    expect(second.outcome).toBeUndefined();
  });
});
