import { describe, expect, it } from '@jest/globals';
import { BLOCKED_MAX_MS, durationOf, leastBlockedMs } from '../../../test/support/blocking.js';
import { EventReader, EventTooLarge, type ServerEvent } from './event-reader.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Yields the events of a body that arrives in these parts, in the lists in which they come together. */
function* listsOf(parts: Iterable<string | Uint8Array>, max = 100) {
  const reader = new EventReader(max);
  for (const part of parts) yield* reader.read(typeof part === 'string' ? bytesOf(part) : part);
  yield* reader.readEnd();
}

/** Returns the events of a body that arrives in these parts. */
const read = (parts: Iterable<string | Uint8Array>) => [...listsOf(parts)].flat().map(named);

/** Returns an event as its text, after its name if it has one. */
const named = ({ name, text }: ServerEvent) => (name === '' ? text : `${name}: ${text}`);

/** Returns the bytes of a text, one by one. */
const oneByOne = (text: string) => Array.from(bytesOf(text), (byte) => Uint8Array.of(byte));

describe('the data of server-sent events', () => {
  it.each([
    ['LF', 'data: one\n\ndata: two\n\n', ['one', 'two']],
    ['CRLF', 'data: one\r\n\r\ndata: two\r\n\r\n', ['one', 'two']],
    ['CR', 'data: one\r\rdata: two\r\r\n', ['one', 'two']],
    ['no space after the colon', 'data:one\n\ndata: two\n\n', ['one', 'two']],
    ['two spaces, of which one is data', 'data:  one\n\n', [' one']],
    ['several lines of one event', 'data: {\ndata: }\n\n', ['{\n}']],
    ['comments and other fields', ': ping\n\nevent: x\nid: 1\nretry: 5\ndata: one\n\n', ['x: one']],
    [
      'capitals and spaces',
      'Data: {"a":1}\n\n\tdata : [DONE]\n\nEVENT: x\nDATA: { }\n\nData: "[Done]"\n\n',
      ['{"a":1}', '[DONE]', 'x: { }', '"[Done]"'],
    ],
    ['lines of a log', 'Error: no\n\nData: no\n\n  data: no\n\n event: error\n\n', []],
    ['a comment that looks like data', ':data: no\n\n', []],
    ['a field that only begins so', 'database: no\n\n', []],
    ['empty lines', '\n\n\n\ndata: one\n\n\n\n', ['one']],
    ['no last blank line', 'data: one\n\ndata: two', ['one', 'two']],
    ['no data at all, as a sign of life', 'data:\n\ndata: \n\ndata\n\nevent: ping\ndata:\n\n', []],
    [
      'a name that is an error, without data',
      'event: error\n\nevent: error\ndata: x\n\n',
      ['error: ', 'error: x'],
    ],
    ['a name that ends so', 'event: response.failed\n\n', ['response.failed: ']],
    ['a field error, which is none', 'error: x\n\n', ['error: x']],
    ['JSON without a field', 'data: one\n\n{"error":"x"}\n\n', ['one', '{"error":"x"}']],
    ['JSON over several lines', '\n{\n  "a": 1\n}', ['\n{\n  "a": 1\n}'.trim()]],
    [
      'one line end after each',
      'data: {"a":1}\ndata: {}\ndata: [DONE]\n',
      ['{"a":1}', '{}', '[DONE]'],
    ],
    ['JSON on each line, and [DONE]', '{"a":1}\n{}\n\n[DONE]\n', ['{"a":1}', '{}', '[DONE]']],
    ['nothing', '', []],
    ['characters of several bytes', 'data: “ü😀”\n\n', ['“ü😀”']],
    ['a byte order mark', '\ufeffdata: one\n\n', ['one']],
    ['two of them', '\ufeff\ufeffdata: one\n\n', ['one']],
    ['one before each line', '\ufeffdata: one\n\ufeff\n\ufeffdata: two\n\n', ['one', 'two']],
    ['one in a text', 'data: a\ufeff\n\ndata: \ufeffb\n\n', ['a\ufeff', '\ufeffb']],
    ['one before the end', 'data: one\n\n\ufeff\ufeffdata: two', ['one', 'two']],
    ['values in a log', 'Data: [3]\nData: "x"\nData: {id}\n\n  data: []\n\n', []],
    ['many blank lines', 'data: one\n\r\n\r\r\n\n\ndata: two\r\r\r\r\r', ['one', 'two']],
  ])('is read with %s, in one part and byte by byte', (_, text, events) => {
    expect(read([text])).toEqual(events);
    expect(read(oneByOne(text))).toEqual(events);
  });

  it('keeps U+2028 and similar characters, which do not end a line', () => {
    expect(read(['data: a\u2028b\u0085c\n\n'])).toEqual(['a\u2028b\u0085c']);
    const events = ['{"a":"\u2028"}', '{"a":"\u2029"}', '{"a":"\u0085"}'];
    expect(read([events.map((event) => `data: ${event}\n`).join('')])).toEqual(events);
  });

  it('reads a CRLF that is split between two chunks as one line end', () => {
    expect(read(['data: {\r', '\ndata: }\r', '\n\r', '\n'])).toEqual(['{\n}']);
  });

  it.each([
    ['one line without an end', ['data: ', ...Array.from({ length: 20 }, () => 'x'.repeat(10))]],
    ['many lines of one event', Array.from({ length: 20 }, () => 'data: xxxx\n')],
    ['many comments without a blank line', Array.from({ length: 20 }, () => ': xxxxxxx\n')],
  ])('refuses %s and stops reading', (_, parts) => {
    let pulled = 0;
    function* counted() {
      for (const part of parts) {
        pulled += 1;
        yield part;
      }
    }
    const events: string[] = [];
    const readAll = () => {
      for (const together of listsOf(counted())) events.push(...together.map(named));
    };
    expect(readAll).toThrow(EventTooLarge);
    expect(events).toEqual([]);
    expect(pulled).toBeLessThan(15);
  });

  it.each(['data: ', ''])('passes on the events that end with one line end: %j', (field) => {
    const line = `${field}{"a":123}\n`;
    expect(read(Array.from({ length: 50 }, () => line))).toHaveLength(50);
    function* endless() {
      for (;;) yield line;
    }
    for (const events of listsOf(endless())) {
      expect(events).toEqual([{ name: '', text: '{"a":123}' }]);
      break;
    }
  });

  it('names each of the events that end with one line end', () => {
    const lines =
      'data: {"a":1}\nevent: ping\ndata: {}\ndata: {"b":2}\n\ndata: {"c":3}\nevent: error\n\n';
    const events = [...listsOf([lines])].flat();
    expect(events.map(({ name, text }) => [name, text])).toEqual([
      ['', '{"a":1}'],
      ['ping', '{}'],
      ['', '{"b":2}'],
      ['error', '{"c":3}'],
    ]);
  });

  it('yields what arrives together in lists of a few, so that a burst of words leaves time for others', () => {
    const burst = Array.from({ length: 100 }, (_, n) => `data: ${String(n)}\n\n`);
    const parts = [burst.join(''), 'data: alone\n\n: nothing\n\n'];
    const lists = [...listsOf(parts, 1000)].map((together) => together.map(named));
    expect(lists.map(({ length }) => length)).toEqual([32, 32, 32, 4, 1]);
    expect(lists.flat()).toEqual([...burst.map((_, n) => String(n)), 'alone']);
  });

  it('reads millions of blank lines at once without holding the event loop', async () => {
    const blank = bytesOf('\n'.repeat(4_000_000));
    const parts = ['data: one\n\n', blank, 'data: two\n\n'];
    const readAll = () => {
      expect([...listsOf(parts, 9_000_000)].flat().map(named)).toEqual(['one', 'two']);
    };
    expect(await leastBlockedMs(() => durationOf(readAll))).toBeLessThan(BLOCKED_MAX_MS);
  });

  it('accepts any number of events, because the bound is for each one', () => {
    expect(read(Array.from({ length: 50 }, () => 'data: 123456\n\n'))).toHaveLength(50);
  });
});
