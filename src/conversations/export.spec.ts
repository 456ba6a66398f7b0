import { describe, expect, it } from '@jest/globals';
import { exportJson, exportMarkdown } from './export.js';
import type { PastTurn } from './history.service.js';

const TURNS = 10;
const conversation = {
  id: 'c1',
  title: 'Lines',
  model: 'echo',
  system: null,
  createdAt: 0,
  updatedAt: 0,
} as unknown as Parameters<typeof exportJson>[0];
const past = {
  id: 't1',
  model: 'echo',
  status: 'complete',
  createdAt: 0,
} as unknown as PastTurn;

/** With texts of so many lines, the work of one turn takes longer than an export may take from other requests. */
describe.each([
  ['exportJson', exportJson, 400_000],
  ['exportMarkdown', exportMarkdown, 40_000],
])('%s', (_, write, lines) => {
  it('writes the long turns of all exports in different iterations of the event loop', async () => {
    const text = 'a\n'.repeat(lines);
    const turn = { ...past, message: text, response: text };
    let iteration = 0;
    let next = setImmediate(function count() {
      iteration += 1;
      next = setImmediate(count);
    });
    const readIn: number[] = [];
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
    async function* turns(): AsyncIterable<PastTurn> {
      for (let n = 0; n < TURNS; n += 1) {
        readIn.push(iteration);
        yield turn;
      }
    }
    const written = await Promise.all(
      [1, 2].map(async () => {
        let size = 0;
        for await (const part of write(conversation, turns())) size += part.length;
        return size;
      }),
    );
    clearImmediate(next);
    expect(Math.min(...written)).toBeGreaterThan(2 * TURNS * text.length);
    expect(readIn).toHaveLength(2 * TURNS);
    // About 20. Without pauses both exports read all their turns in one iteration.
    expect(new Set(readIn).size).toBeGreaterThan(TURNS / 3);
  });
});
