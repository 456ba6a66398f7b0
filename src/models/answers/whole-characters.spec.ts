import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seed } from '../../../test/support/seeded-random.js';
import { AnswerReader } from './answer-reader.js';
import type { CompletionDelta } from '../provider.js';
import { WholeCharacters } from './whole-characters.js';

const [FIRST = '', SECOND = ''] = '😀'.split('');
const said = (text: string, more: object = {}): CompletionDelta => ({
  type: 'delta',
  text,
  ...more,
});
const called = (index: number, args: string) =>
  said('', { toolCalls: [{ index, function: { arguments: args } }] });

/** Returns the deltas that arrive, and those that are left at the end. */
function join(...deltas: CompletionDelta[]) {
  const characters = new WholeCharacters();
  return [...deltas.map((delta) => characters.join(delta)), ...characters.rest()];
}

describe('WholeCharacters', () => {
  it('passes on a delta of whole characters as it is', () => {
    const deltas = [said('a😀'), said('', { reasoning: 'hm' }), said('', { thoughtParts: {} })];
    expect(join(...deltas)).toEqual(deltas);
  });

  it('holds back the first half of a character until the second arrives', () => {
    expect(join(said(`a${FIRST}`), said(`${SECOND}b`))).toEqual([said('a'), said('😀b')]);
    expect(join(said(FIRST), said(SECOND))).toEqual([undefined, said('😀')]);
  });

  it('keeps a half while other texts arrive', () => {
    const thought = said('', { reasoning: `h${FIRST}` });
    const parts = said('', { thoughtParts: { thinking_blocks: [{ type: 'x' }] } });
    const deltas = [thought, parts, said('a'), said('', { reasoning: SECOND })];
    expect(join(...deltas)).toEqual([
      said('', { reasoning: 'h' }),
      parts,
      said('a'),
      said('', { reasoning: '😀' }),
    ]);
  });

  it('joins the arguments of each call by themselves', () => {
    const deltas = [called(0, `"${FIRST}`), called(1, `"${FIRST}`), called(0, `${SECOND}"`)];
    expect(join(...deltas, called(1, `${SECOND}"`))).toEqual([
      called(0, '"'),
      called(1, '"'),
      called(0, '😀"'),
      called(1, '😀"'),
    ]);
    const first = said('', { toolCalls: [{ index: 0, function: { name: 'f' } }, { index: 1 }] });
    expect(join(first)).toEqual([first]);
  });

  it.each([
    ['a first half and another character', [said(FIRST), said('b')], [undefined, said('\ufffdb')]],
    ['a second half alone', [said(`a${SECOND}b`)], [said('a\ufffdb')]],
    ['two first halves', [said(FIRST), said(FIRST)], [undefined, said('\ufffd'), said('\ufffd')]],
    ['NUL', [said('a\0b', { reasoning: '\0' })], [said('a\ufffdb', { reasoning: '\ufffd' })]],
    ['a first half at the end', [said(`a${FIRST}`)], [said('a'), said('\ufffd')]],
    [
      'one at the end of a thought',
      [said('a', { reasoning: FIRST })],
      [said('a', { reasoning: '' }), said('', { reasoning: '\ufffd' })],
    ],
    ['one at the end of arguments', [called(2, FIRST)], [called(2, ''), called(2, '\ufffd')]],
  ])('replaces %s', (_, deltas, joined) => {
    expect(join(...deltas)).toEqual(joined);
  });

  it('passes on the same text, wherever it is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), cuts, (text, sizes) => {
        const pieces: CompletionDelta[] = [];
        for (let at = 0, n = 0; at < text.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 1;
          pieces.push(said(text.slice(at, at + size)));
          at += size;
        }
        const all = join(...pieces).map((delta) => delta?.text ?? '');
        expect(all.every((piece) => piece.isWellFormed())).toBe(true);
        expect(all.join('')).toBe(text.replaceAll('\0', '\ufffd').toWellFormed());
      }),
      { seed },
    );
  });

  it('joins the characters of each answer', () => {
    const reader = new AnswerReader(() => undefined);
    const chunks = [{ content: `a${FIRST}` }, { content: SECOND }, { content: FIRST }].map(
      (delta) => `data: ${JSON.stringify({ choices: [{ delta, finish_reason: 'stop' }] })}\n\n`,
    );
    const lists = [...reader.read(Buffer.from(chunks.join(''))), ...reader.readEnd()];
    reader.close();
    const events = [...lists.flat(), ...reader.lastEvents];
    const done = { type: 'done', finishReason: 'stop', usage: undefined };
    expect(events).toEqual([said('a'), said('😀'), said('\ufffd'), done]);
  });
});
