import fc from 'fast-check';

/** One answer: words, reasoning and tool calls, in this order. */
export interface Answer {
  readonly words: readonly string[];
  readonly thoughts: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: string }[];
}

/** The form of an answer: everything that servers do differently. */
export interface Style {
  readonly lineEnd: string;
  /** Whether a blank line ends each event. Without noise between the events, one line end is enough. */
  readonly hasBlankLines: boolean;
  readonly emptyReason: unknown;
  readonly isReasonWithLastWord: boolean;
  readonly reasonTimes: number;
  readonly hasIndex: boolean;
  /** Whether each event has a message of everything so far, in place of a delta. */
  readonly isRepeated: boolean;
  readonly hasParts: boolean;
  readonly hasDone: boolean;
  readonly usageAt: 'each chunk' | 'the end' | 'nowhere';
  readonly noise: readonly string[];
  readonly cuts: readonly number[];
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
export const answers: fc.Arbitrary<Answer> = fc.record({
  words: fc.array(text, { minLength: 1, maxLength: 5 }),
  thoughts: fc.array(text, { maxLength: 3 }),
  calls: fc
    .array(fc.json({ maxDepth: 2 }), { maxLength: 3 })
    .map((all) =>
      all.map((json, n) => ({ id: `c${String(n)}`, name: `f${String(n)}`, args: `{"x":${json}}` })),
    ),
});

const NOISE = [
  ': ping',
  ':',
  'data:',
  'data: ',
  'event: ping\ndata:',
  'retry: 5',
  'id: 7\ndata:',
  'data: {"choices":[]}',
  'data: {}',
  'data: null',
  'data: ""',
  'data: []',
  'data: {"data":{"code":5,"errors":[]},"ok":true,"status":200,"error_code":0}',
  'data: {"type":"info","request_id":"x"}',
  'data: {"choices":null,"usage":null}',
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":null}]}',
];

export const styles: fc.Arbitrary<Style> = fc.record({
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  hasBlankLines: fc.boolean(),
  emptyReason: fc.constantFrom(null, '', undefined, 'null'),
  isReasonWithLastWord: fc.boolean(),
  reasonTimes: fc.integer({ min: 1, max: 3 }),
  hasIndex: fc.boolean(),
  isRepeated: fc.boolean(),
  hasParts: fc.boolean(),
  hasDone: fc.boolean(),
  usageAt: fc.constantFrom('each chunk', 'the end', 'nowhere'),
  noise: fc.array(fc.constantFrom(...NOISE), { maxLength: 8 }),
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
});

const USAGE = { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 };

/** The fields of a delta or a message. */
interface Said {
  readonly content?: string;
  readonly reasoning?: string;
  readonly call?: { readonly n: number; readonly id?: string; readonly function: object };
  readonly args?: string;
}

/** Returns what an answer says, piece by piece. The last piece is its last word. */
function piecesOf({ words, thoughts, calls }: Answer): Said[] {
  const pieces = calls.flatMap(({ id, name, args }, n): Said[] => {
    const half = Math.ceil(args.length / 2);
    return [
      { call: { n, id, function: { name } }, args: args.slice(0, half) },
      { call: { n, function: {} }, args: args.slice(half) },
    ];
  });
  const thought = thoughts.map((reasoning) => ({ reasoning }));
  return [...thought, ...pieces, ...words.map((content) => ({ content }))];
}

/** Returns the fields of a delta, or of a message of all these pieces. */
function fieldsOf(pieces: readonly Said[], { hasIndex, hasParts }: Style) {
  const content = pieces.map((piece) => piece.content ?? '').join('');
  const reasoning = pieces.map((piece) => piece.reasoning ?? '').join('');
  const calls = new Map<number, { n: number; id?: string; function: object; args: string }>();
  for (const { call, args = '' } of pieces) {
    const known = call && calls.get(call.n);
    if (call) calls.set(call.n, { ...call, ...known, args: (known?.args ?? '') + args });
  }
  const made = [...calls.values()].map(({ n, args, function: called, ...rest }) => ({
    ...{ ...rest, ...(hasIndex && { index: n }) },
    function: { ...called, arguments: args },
  }));
  const parts = [{ type: 'reasoning.text', text: reasoning }];
  return {
    ...(content !== '' && { content }),
    ...(reasoning !== '' && { reasoning }),
    ...(reasoning !== '' && hasParts && { reasoning_details: parts }),
    ...(made.length > 0 && { tool_calls: made }),
  };
}

/** Returns the chunks of an answer, and the chunks that end it. */
export function chunksOf(answer: Answer, style: Style) {
  const usage = style.usageAt === 'each chunk' ? { usage: USAGE } : {};
  const index = style.hasIndex ? { index: 0 } : {};
  const pieces = piecesOf(answer);
  const chunk = (count: number, isNew = true, finish_reason: unknown = style.emptyReason) => {
    const from = style.isRepeated ? 0 : count - 1;
    const fields = style.isRepeated || isNew ? fieldsOf(pieces.slice(from, count), style) : {};
    const said = style.isRepeated ? { message: fields } : { delta: fields };
    return { choices: [{ ...index, ...said, finish_reason }], ...usage };
  };
  const all = pieces.length;
  const output = pieces.slice(0, -1).map((_, n) => chunk(n + 1));
  const stop = chunk(all, false, 'stop');
  const ending = style.isReasonWithLastWord ? [chunk(all, true, 'stop')] : [chunk(all), stop];
  const again = Array.from({ length: style.reasonTimes - 1 }, () => stop);
  const counts = style.usageAt === 'the end' ? [{ choices: [], usage: USAGE }] : [];
  return { output, ending: [...ending, ...again, ...counts] };
}

export const toEvent = (chunk: unknown) =>
  `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}`;

/** Returns the events as bytes, with noise between them, and cut at arbitrary places. */
export function bytesOf(events: readonly string[], style: Style): Uint8Array[] {
  const { lineEnd, hasBlankLines, noise, cuts } = style;
  const eventEnd = hasBlankLines || noise.length > 0 ? '\n\n' : '\n';
  const mixed = events.flatMap((event, n) =>
    noise[n] === undefined ? [event] : [noise[n], event],
  );
  const all = mixed.map((event) => (event + eventEnd).replaceAll('\n', lineEnd)).join('');
  const bytes = new TextEncoder().encode(all);
  const parts: Uint8Array[] = [];
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = cuts[n % cuts.length] ?? 1;
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}
