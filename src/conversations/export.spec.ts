import { describe, expect, it } from '@jest/globals';
import { withIterations } from '../../test/support/loop-iterations.js';
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
    const readIn: number[] = [];
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
    async function* turns(iteration: () => number): AsyncIterable<PastTurn> {
      for (let n = 0; n < TURNS; n += 1) {
        readIn.push(iteration());
        yield turn;
      }
    }
    const sizeOf = async (iteration: () => number) => {
      let size = 0;
      for await (const part of write(conversation, turns(iteration))) size += part.length;
      return size;
    };
    const sizes = await withIterations((iteration) =>
      Promise.all([sizeOf(iteration), sizeOf(iteration)]),
    );
    expect(Math.min(...sizes)).toBeGreaterThan(2 * TURNS * text.length);
    expect(readIn).toHaveLength(2 * TURNS);
    // About 20. Without pauses both exports read all their turns in one iteration.
    expect(new Set(readIn).size).toBeGreaterThan(TURNS / 3);
  });
});

describe('exportMarkdown', () => {
  /** Returns what is written for one turn with this message, without the headings. */
  const quotationOf = async (message: string): Promise<string> => {
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
    async function* turns(): AsyncIterable<PastTurn> {
      yield { ...past, message, response: '' };
    }
    const parts: string[] = [];
    for await (const part of exportMarkdown(conversation, turns())) parts.push(part);
    return parts.join('').split('\n\n')[2] ?? '';
  };
  const LINE = 'a'.repeat(99);

  it.each(['\n', '\r\n', '\r', '\n\r'])(
    'quotes each line of a long text with line ends %j',
    async (end) => {
      // The parts of the text begin at every place of a line and of its end.
      for (let more = 0; more <= 4; more += 1) {
        const text = 'b'.repeat(32_665 + more) + end + `${LINE}${end}`.repeat(700);
        const lines = text.split(/\r\n|[\n\r]/).map((line) => (line === '' ? '>' : `> ${line}`));
        expect(await quotationOf(text)).toBe(lines.join('\n'));
      }
    },
  );

  it('gives other requests turns while it quotes one text of a million lines', async () => {
    const [quotation, iterations] = await withIterations(
      async (iteration) => [await quotationOf('\n'.repeat(1_000_000)), iteration()] as const,
    );
    expect(quotation).toHaveLength(2_000_001);
    // About 30. Without parts it is 2.
    expect(iterations).toBeGreaterThan(5);
  });
});
