import type { ModelSettings } from '../config/models-file.js';
import { ValidationFailed } from '../errors.js';
import { isFlat } from './pricing.js';
import type { ChatMessage, EmbeddingInput } from './provider.js';
import { isFields, type Fields } from '../json-fields.js';

/**
 * An average, because no tokenizer fits every model. For most models, three bytes of UTF-8 give too many tokens
 * rather than too few.
 */
const BYTES_PER_TOKEN = 3;
/** The tokens that a chat template adds around a message: about four, and never more than eight. */
const TOKENS_PER_MESSAGE = { estimate: 4, bound: 8 };
/** The tokens that a model adds around a text. */
const TOKENS_PER_INPUT = 4;
/** Default maximum of pictures at a flat price, where the operator pays for each. Users rarely send more at once. */
const FLAT_IMAGES_MAX = 10;

/** The settings of a model that concern pictures. */
type PictureRules = Pick<ModelSettings, 'id' | 'price' | 'imageTokens' | 'imagesMax'>;

/**
 * The number of model tokens of a text or a prompt. `estimate` decides what fits a context, and replaces counts
 * that a provider does not report. `bound` is what is held: no text has more model tokens than bytes.
 */
export interface TokenCount {
  readonly estimate: number;
  readonly bound: number;
}

const countOf = (bytes: number): TokenCount => ({
  estimate: Math.ceil(bytes / BYTES_PER_TOKEN),
  bound: bytes,
});

/** Returns the model tokens of a text, for a provider that does not report them. */
export function estimateTokens(text: string): number {
  return countOf(Buffer.byteLength(text)).estimate;
}

/** Returns the model tokens of a text from its length in bytes. */
export const tokensOfBytes = (bytes: number): number => countOf(bytes).estimate;

/** Returns the estimated model tokens of the messages as a prompt. */
export function estimatePrompt(messages: readonly ChatMessage[], imageTokens = 0): number {
  return countPrompt(messages, '', imageTokens).estimate;
}

/** Counts a prompt and the other text that is sent with it. A picture counts as `imageTokens`. */
export function countPrompt(
  messages: readonly ChatMessage[],
  further: string,
  imageTokens = 0,
): TokenCount {
  let { estimate, bound } = countOf(Buffer.byteLength(further));
  const add = (count: TokenCount) => {
    estimate += count.estimate;
    bound += count.bound;
  };
  for (const message of messages) {
    const { content } = message;
    const pictures = picturesIn(content) * imageTokens;
    add({ estimate: pictures, bound: pictures });
    add(TOKENS_PER_MESSAGE);
    add(countOf(Buffer.byteLength(textIn(content))));
    // For example calls of tools. The model reads them as well.
    if (hasOtherFields(message)) {
      const rest = JSON.stringify({ ...message, content: undefined });
      add(countOf(Buffer.byteLength(rest)));
    }
  }
  return { estimate, bound };
}

/** Checks this without a copy of the message, because most messages have only these two fields. */
function hasOtherFields(message: ChatMessage): boolean {
  for (const name in message) if (name !== 'role' && name !== 'content') return true;
  return false;
}

/** Counts the inputs of an embedding request. */
export function countInputs(inputs: readonly EmbeddingInput[]): TokenCount {
  const counts = inputs.map((input) => {
    if (typeof input === 'string') return countOf(Buffer.byteLength(input));
    return { estimate: input.length, bound: input.length };
  });
  return {
    estimate: counts.reduce((sum, { estimate }) => sum + estimate, 0),
    bound: counts.reduce((sum, { bound }) => sum + bound + TOKENS_PER_INPUT, 0),
  };
}

const partsOf = (content: unknown): readonly Fields[] =>
  Array.isArray(content) ? (content as readonly Fields[]) : [];

const isPicture = ({ type }: Fields) => type === 'image_url';
const isText = ({ type }: Fields) => TEXT_PARTS.has(String(type));
const TEXT_PARTS = new Set(['text', 'refusal', 'thinking', 'reasoning']);

function picturesIn(content: unknown): number {
  return partsOf(content).filter(isPicture).length;
}

/** Returns the text of a content. Pictures are counted by their number, not by their bytes. */
function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  return JSON.stringify(Array.isArray(content) ? partsOf(content).filter(isText) : (content ?? ''));
}

const refuse = (sentence: string) => new ValidationFailed({ message: [sentence] });

/**
 * Throws `ValidationFailed` if a prompt contains parts that the model's price does not cover. Pictures need a
 * price, or must be few at a flat price. Sound, files and other parts have no price, so only a flat price covers
 * them, and they count as pictures.
 */
export function assertPartsArePaid(model: PictureRules, messages: readonly ChatMessage[]): void {
  const { id, price, imageTokens, imagesMax } = model;
  const others = messages.flatMap(({ content }) =>
    partsOf(content).filter((part) => !isText(part)),
  );
  if (others.length === 0) return;
  const pictures = others.filter(isPicture);
  if (!pictures.every(isImage))
    throw refuse('Invalid picture: expected an http or data:image URL.');
  if (!isFlat(price) && pictures.length < others.length) {
    throw refuse(`The model ${id} takes text and pictures alone.`);
  }
  if (!isFlat(price) && imageTokens === undefined)
    throw refuse(`The model ${id} takes no pictures.`);
  const max = imagesMax ?? (isFlat(price) ? FLAT_IMAGES_MAX : Infinity);
  if (others.length > max) {
    throw refuse(`The model ${id} takes no more than ${String(max)} pictures or files.`);
  }
}

/** Checks for a picture's URL. A video or a document in a data URL would cost more than a picture. */
function isImage({ image_url: picture }: Fields): boolean {
  const url = isFields(picture) ? picture['url'] : picture;
  return typeof url === 'string' && /^(?:https?:\/\/|data:image\/)/i.test(url);
}

/** The fields of a message that a model reads as text. No field that could order more output is among them. */
const MESSAGE_FIELDS = [
  ...['role', 'content', 'name', 'refusal', 'tool_calls', 'tool_call_id', 'function_call'],
  ...['reasoning_content', 'reasoning', 'reasoning_details', 'thinking_blocks'],
] as const;

/**
 * Returns a message as it is sent to a provider. Unknown fields are removed, because they may cost more than is
 * held. Null fields are removed too: clients send them back as they received them.
 */
export function toProviderMessage(message: ChatMessage): ChatMessage {
  const fields = MESSAGE_FIELDS.filter(
    (name) => name in message && (name === 'content' || message[name] !== null),
  );
  const kept = Object.fromEntries(fields.map((name) => [name, message[name]]));
  const { content } = message;
  const parts = Array.isArray(content)
    ? { content: partsOf(content).map(withoutPricedExtras) }
    : {};
  return { ...kept, ...parts } as ChatMessage;
}

/** The fields of a text part that hold text. A signature is sent back unchanged. */
const TEXT_FIELDS = new Set(['type', ...TEXT_PARTS, 'summary', 'signature']);

/**
 * Removes from a part what would change its price: a mark for the provider's cache, or a picture inside a text
 * part, which is counted as text only.
 */
function withoutPricedExtras(part: Fields): Fields {
  const isSent = (name: string) =>
    isText(part) ? TEXT_FIELDS.has(name) : name !== 'cache_control';
  return Object.fromEntries(Object.entries(part).filter(([name]) => isSent(name)));
}
