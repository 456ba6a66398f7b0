import type { Answer, Caller } from './client.js';
import type { Behaviour } from './upstream.js';

/** Asks for a response; `fields` add to the least that clients send, or replace it. */
export const respond = (
  caller: Caller,
  fields: object,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  caller.send('POST', '/v1/responses', { model: 'echo', input: 'hi', ...fields }, headers);

/** All words of a response. */
export const textIn = (body: { output: { content?: { text: string }[] }[] }): string =>
  body.output.flatMap(({ content = [] }) => content.map(({ text }) => text)).join('');

/** One event of a streamed response. */
export interface StreamedEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- specs assert on it
}

/** The events of a stream. Throws where the event's name is not its type, or its number does not follow. */
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

/** How an upstream that speaks chat completions answers, chunk by chunk. */
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

/** Calls of tools, whose arguments come in two pieces. */
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
