import type { Turn } from '../conversations/turn.entity.js';
import { textOf } from '../models/content.js';
import type { ChatMessage } from '../models/providers/provider.js';
import { stepsOf } from './output-items.js';
import { DEFAULT_SETTINGS, type ResponseSettings } from './settings.js';
import { toMessages } from './transcript.js';

/** What a turn keeps of a request for a response: enough to repeat it, and to go on with it. */
interface KeptRequest {
  readonly settings: ResponseSettings;
  /** What the request added to what was said before, as the model was told it. */
  readonly messages: readonly ChatMessage[];
}

export const writeKept = (kept: KeptRequest): string => JSON.stringify(kept);

/** What a turn of this door keeps; undefined for one of another door. */
function readKept({ request }: Pick<Turn, 'request'>): KeptRequest | undefined {
  return request === null ? undefined : (JSON.parse(request) as KeptRequest);
}

/** What the response repeats of its request; the defaults for a turn of another door. */
export const settingsOf = (turn: Turn): ResponseSettings =>
  readKept(turn)?.settings ?? DEFAULT_SETTINGS;

/** What a turn adds to a context: its request's messages and its answer. Undefined for one of another door. */
export function messagesOf(turn: Turn): ChatMessage[] | undefined {
  const kept = readKept(turn);
  return kept && [...kept.messages, ...toMessages(stepsOf(turn))];
}

const OUTPUT_MAX_CHARS = 1000;

/** What the history shows of a request: the last words of the user, or the beginning of what the tools gave. */
export function questionIn(messages: readonly ChatMessage[]): string {
  const said = messages.findLast(({ role }) => role === 'user');
  if (said) return textOf(said.content);
  const outputs = messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  return outputs.map(textOf).join('\n').slice(0, OUTPUT_MAX_CHARS);
}
