import type { Answer, Caller } from './client.js';
import type { Behaviour } from './upstream.js';

/** Requests a response. `fields` are added to the smallest request, or replace its fields. */
export const respond = (
  caller: Caller,
  fields: object,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  caller.send('POST', '/v1/responses', { model: 'echo', input: 'hi', ...fields }, headers);

/** Returns all text of a response. */
export const textIn = (body: { output: { content?: { text: string }[] }[] }): string =>
  body.output.flatMap(({ content = [] }) => content.map(({ text }) => text)).join('');

/** One event of a streamed response. */
export interface StreamedEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- specs assert on it
}

/** Returns the events of a stream. Throws if an event's name is not its type, or its number is not the next one. */
export function eventsOf({ raw }: Answer): StreamedEvent[] {
  const blocks = raw.split('\n\n').filter((block) => block.startsWith('event: '));
  return blocks.map((block, n) => {
    const [, name, text = ''] = /^event: (\S+)\ndata: (.*)$/su.exec(block) ?? [];
    const event = JSON.parse(text) as StreamedEvent;
    if (event.type !== name) throw new Error(`${String(name)} is not ${event.type}`);
    if (event.sequence_number !== n) throw new Error(`number ${String(n)} is missing in ${raw}`);
    return event;
  });
}

const chunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});

/** Answers like an upstream of chat completions, chunk by chunk. */
const streaming =
  (deltas: readonly object[], reason: string): Behaviour =>
  async (call) => {
    call.open();
    for (const delta of deltas) await call.event(chunk(delta));
    await call.finish(reason);
    await call.usage(10, 5);
    await call.end();
  };

export const saying = (...texts: string[]) =>
  streaming(
    texts.map((content) => ({ content })),
    'stop',
  );

export const thinking = (thoughts: string[], ...texts: string[]) =>
  streaming(
    [
      ...thoughts.map((reasoning_content) => ({ reasoning_content })),
      ...texts.map((content) => ({ content })),
    ],
    'stop',
  );

/** Answers with tool calls whose arguments come in two pieces. */
export const calling = (...calls: [id: string, name: string, json: string][]) =>
  streaming(
    calls.flatMap(([id, name, json], index) => {
      const half = Math.ceil(json.length / 2);
      const piece = (rest: object) => ({ tool_calls: [{ index, ...rest }] });
      return [
        piece({ id, type: 'function', function: { name, arguments: '' } }),
        piece({ function: { arguments: json.slice(0, half) } }),
        piece({ function: { arguments: json.slice(half) } }),
      ];
    }),
    'tool_calls',
  );
