import type { ModelSettings } from '../config/models-file.js';
import { ValidationFailed } from '../errors.js';
import { isFlat } from './pricing.js';
import type { ChatMessage, EmbeddingInput } from './providers/provider.js';

/** No tokenizer fits every model; three bytes of UTF-8 for a token errs on the provider's side for most. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 4;
/** The marks that a model puts around a text. */
const TOKENS_PER_INPUT = 4;
/** At a flat price each picture is the operator's cost: more than people send at once is not carried. */
const FLAT_IMAGES_MAX = 10;

type Fields = Readonly<Record<string, unknown>>;
/** What a model says of pictures. */
type PictureRules = Pick<ModelSettings, 'id' | 'price' | 'imageTokens' | 'imagesMax'>;

/**
 * How many model tokens a text or a prompt has. The estimate says what fits a context, and stands in for what
 * a provider does not tell; the bound is what is held: no text has more model tokens than bytes.
 */
export interface TokenCount {
  readonly estimate: number;
  readonly bound: number;
}

const countOf = (bytes: number): TokenCount => ({
  estimate: Math.ceil(bytes / BYTES_PER_TOKEN),
  bound: bytes,
});

/** How many model tokens a text has, where the provider does not tell. */
export function estimateTokens(text: string): number {
  return countOf(Buffer.byteLength(text)).estimate;
}

/** The same of a text that is not at hand: by its length. */
export const tokensOfBytes = (bytes: number): number => countOf(bytes).estimate;

/** How many model tokens the messages have as a prompt. */
export function estimatePrompt(messages: readonly ChatMessage[], imageTokens = 0): number {
  return countPrompt(messages, '', imageTokens).estimate;
}

/** Both counts of a prompt with what else is sent beside its messages; a picture has `imageTokens`. */
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
  for (const { content, ...rest } of messages) {
    const pictures = picturesIn(content) * imageTokens + TOKENS_PER_MESSAGE;
    add({ estimate: pictures, bound: pictures });
    add(countOf(Buffer.byteLength(textIn(content))));
    // Beside its role: calls of tools, say, which the model reads as well.
    if (Object.keys(rest).length > 1) add(countOf(Buffer.byteLength(JSON.stringify(rest))));
  }
  return { estimate, bound };
}

/** Both counts of what is to be embedded. */
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

/** What of a content is read as text: pictures are counted by their number, and not by their bytes. */
function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  return JSON.stringify(Array.isArray(content) ? partsOf(content).filter(isText) : (content ?? ''));
}

const refuse = (sentence: string) => new ValidationFailed({ message: [sentence] });

/**
 * Holds a prompt to what its model's price carries: pictures where they have a price, or are few at a flat
 * one; sound, files and the like, whose cost no price says, at a flat price alone, and counted as pictures.
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

/** A video or a document as a data URL would cost more than a picture. */
function isImage({ image_url: picture }: Fields): boolean {
  const url: unknown =
    typeof picture === 'object' && picture !== null ? (picture as Fields)['url'] : picture;
  return typeof url === 'string' && /^(?:https?:\/\/|data:image\/)/i.test(url);
}

/** The fields of a message that a model reads as text, and nothing by which one could ask for more. */
const MESSAGE_FIELDS = [
  ...['role', 'content', 'name', 'refusal', 'tool_calls', 'tool_call_id'],
  ...['reasoning_content', 'reasoning', 'reasoning_details'],
] as const;

/**
 * A message as it goes to a provider: fields of no list stay here, since they may cost more than is held, and so
 * do those that are null, which clients send back as they had them.
 */
export function passedOn(message: ChatMessage): ChatMessage {
  const fields = MESSAGE_FIELDS.filter(
    (name) => name in message && (name === 'content' || message[name] !== null),
  );
  const kept = Object.fromEntries(fields.map((name) => [name, message[name]]));
  const { content } = message;
  const parts = Array.isArray(content) ? { content: partsOf(content).map(bare) } : {};
  return { ...kept, ...parts } as ChatMessage;
}

/** Of a part that is read as text, the fields that hold a text; a signature is sent back as it came. */
const TEXT_FIELDS = new Set(['type', ...TEXT_PARTS, 'summary', 'signature']);

/**
 * A part without what would change how it is billed: a mark for the provider's cache, or a picture beside a text, which
 * is counted as text alone.
 */
function bare(part: Fields): Fields {
  const goesOn = (name: string) =>
    isText(part) ? TEXT_FIELDS.has(name) : name !== 'cache_control';
  return Object.fromEntries(Object.entries(part).filter(([name]) => goesOn(name)));
}
