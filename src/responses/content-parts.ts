import { ValidationFailed } from '../errors.js';
import { MISSING_STRING } from '../fields/openai-sentences.js';
import {
  FilePartDto,
  PicturePartDto,
  RefusalPartDto,
  TextPartDto,
  type PartDto,
} from './input-items.dto.js';
import type { ContentPart } from './transcript.js';
import type { Fields } from '../json-fields.js';

/** Throws a 400 that names the place. */
export function refuse(path: string, sentence: string): never {
  throw new ValidationFailed({ [path]: [sentence] });
}

/** Returns the text of a field. Throws a 400 for any other value. */
export function textAt(fields: Fields, name: string, path: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  return refuse(`${path}.${name}`, MISSING_STRING);
}

/** Returns a text, or null for any other value. */
export const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null);

/** Converts the content of a message. Text is not changed, and parts get the format of chat completions. */
export const toContent = (content: string | readonly PartDto[]): string | ContentPart[] =>
  typeof content === 'string' ? content : content.map(toPart);

/** Joins a content that has only text parts to one text. Other contents are not changed. */
export function plain(content: string | ContentPart[]): string | ContentPart[] {
  if (typeof content === 'string') return content;
  return content.every(({ type }) => type === 'text')
    ? content.map(({ text }) => String(text)).join('')
    : content;
}

function toPart(part: PartDto): ContentPart {
  if (part instanceof TextPartDto) return { type: 'text', text: part.text };
  if (part instanceof RefusalPartDto) return { type: 'refusal', refusal: part.refusal };
  if (part instanceof PicturePartDto) {
    const { image_url: url, detail } = part;
    return { type: 'image_url', image_url: { url, ...(typeof detail === 'string' && { detail }) } };
  }
  if (part instanceof FilePartDto) {
    const { file_data, filename } = part;
    return { type: 'file', file: { file_data, ...(typeof filename === 'string' && { filename }) } };
  }
  return { type: 'input_audio', input_audio: part.input_audio };
}
