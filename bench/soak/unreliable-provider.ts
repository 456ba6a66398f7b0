import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { delta, ending, openEvents, type Behaviour } from '../upstream.js';

const SLOW_MS = 300;
const WORDS = 20;

const refuses: Behaviour = (response) => {
  response.writeHead(500, { 'Content-Type': 'application/json' }).end('{"error":{}}');
};

const resetsAtOnce: Behaviour = (response) => {
  response.socket?.resetAndDestroy();
};

/** Sends half of an answer, and then runs `then`. */
const afterHalf =
  (then: Behaviour): Behaviour =>
  async (response) => {
    openEvents(response);
    response.write(delta('word ').repeat(WORDS / 2));
    await sleep(SLOW_MS / 10);
    await then(response);
  };

const good = afterHalf((response) => {
  response.end(delta('word ').repeat(WORDS / 2) + ending(WORDS));
});

const slow: Behaviour = async (response) => {
  openEvents(response);
  for (let word = 0; word < WORDS && !response.destroyed; word += 1) {
    response.write(delta('word '));
    await sleep(SLOW_MS / WORDS);
  }
  response.end(ending(WORDS));
};

/** Sends text until the service closes the connection. */
const neverEnds: Behaviour = async (response: ServerResponse) => {
  openEvents(response);
  while (!response.destroyed) {
    response.write(delta('more and more '.repeat(50)));
    await sleep(10);
  }
};

/** The behaviours of an unreliable provider. Five answers of twelve are complete. */
const BEHAVIOURS: readonly Behaviour[] = [
  good,
  refuses,
  slow,
  resetsAtOnce,
  good,
  afterHalf((response) => response.socket?.resetAndDestroy() && undefined),
  good,
  afterHalf((response) => void response.end('data: {"choices": not JSON\n\n')),
  slow,
  afterHalf((response) => void response.end()),
  afterHalf(() => undefined),
  neverEnds,
];

/** Answers each call with the next behaviour. */
export function unreliable(): Behaviour {
  let calls = 0;
  return (response) => BEHAVIOURS[calls++ % BEHAVIOURS.length]?.(response);
}
