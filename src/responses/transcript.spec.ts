import { describe, expect, it } from '@jest/globals';
import { readInput } from './input-items.js';
import { toMessages, type Step } from './transcript.js';

const SIGNED = { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'Sig' }] };
const messageStep = (role: 'user' | 'assistant', content: string): Step => ({
  kind: 'message',
  role,
  content,
});
const thought = (parts: object): Step => ({ kind: 'reasoning', text: '', parts });

describe('toMessages', () => {
  it('gives parts to the text after them, or to the text before them at the end of an answer', () => {
    const answer = { role: 'assistant', content: 'Hello', ...SIGNED };
    const [user, text] = [messageStep('user', 'Hi'), messageStep('assistant', 'Hello')];
    const bare = { role: 'user', content: 'Hi' };
    expect(toMessages([user, thought(SIGNED), text, user])).toEqual([bare, answer, bare]);
    expect(toMessages([user, text, thought(SIGNED), user])).toEqual([bare, answer, bare]);
    expect(toMessages([user, text, thought(SIGNED)])).toEqual([bare, answer]);
  });

  it('gives no parts to the answer before a question or after it', () => {
    const [user, text] = [messageStep('user', 'Hi'), messageStep('assistant', 'Hello')];
    const messages = toMessages([text, user, thought(SIGNED), user, text]);
    expect(JSON.stringify(messages)).not.toContain('Sig');
  });

  it('takes time in proportion to the parts of many items', () => {
    const parts = { reasoning_details: Array.from({ length: 200_000 }, () => ({})) };
    const steps = [thought(parts), ...Array.from({ length: 2000 }, () => thought({}))];
    const call: Step = {
      kind: 'call',
      call: { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } },
    };
    const started = performance.now();
    const [message] = toMessages([...steps, ...Array.from({ length: 2000 }, () => call)]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(message?.['reasoning_details' as 'content']).toHaveLength(200_000);
  });
});

describe('readInput', () => {
  const reasoning = (encrypted_content: string) => ({
    type: 'reasoning',
    summary: [],
    encrypted_content,
  });
  const detailsOf = (details: string) => reasoning(`{"reasoning_details":[${details}]}`);

  it('refuses thinking parts that are nested too deeply, or too many in all items', () => {
    const deep = detailsOf(`{"a":${'['.repeat(600)}${']'.repeat(600)}}`);
    expect(() => readInput([deep])).toThrow('Invalid input.');
    const many = detailsOf('{}'.padEnd(3 * 12_000, ',{}'));
    expect(readInput([many]).items).toHaveLength(1);
    expect(() => readInput([many, many])).toThrow();
  });

  it('leaves the encrypted data of another service unread', () => {
    const [item] = readInput([reasoning('gAAAAB=={[')]).items;
    expect(item).toEqual({ kind: 'reasoning', text: '', parts: undefined });
  });
});
