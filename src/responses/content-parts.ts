import { ValidationFailed } from '../errors.js';
import { isFields } from '../fields/field-reader.js';
import type { ContentPart } from './transcript.js';

type Fields = Readonly<Record<string, unknown>>;

/** Throws a 400 that names the place. */
export function refuse(path: string, sentence: string): never {
  throw new ValidationFailed({ [path]: [sentence] });
}

/** Returns the text of a field. Throws a 400 for any other value. */
export function textAt(fields: Fields, name: string, path: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  return refuse(`${path}.${name}`, 'Missing or invalid: expected a string.');
}

/** The types of text parts, in questions and in answers. */
const TEXT_TYPES = new Set(['input_text', 'output_text', 'text', 'summary_text', 'reasoning_text']);

/** Parses the content of a message. Text is not changed, and parts get the format of chat completions. */
export function readContent(content: unknown, path: string): string | ContentPart[] {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) {
    return refuse(path, 'Missing or invalid: expected a string or an array of content parts.');
  }
  return content.map((part: unknown, n) => readPart(part, `${path}[${String(n)}]`));
}

/** Joins a content that has only text parts to one text. Other contents are not changed. */
export function plain(content: string | ContentPart[]): string | ContentPart[] {
  if (typeof content === 'string') return content;
  return content.every(({ type }) => type === 'text')
    ? content.map(({ text }) => String(text)).join('')
    : content;
}

function readPart(part: unknown, path: string): ContentPart {
  if (!isFields(part)) return refuse(path, 'Invalid type: expected a content part.');
  const { type } = part;
  if (TEXT_TYPES.has(String(type))) return { type: 'text', text: textAt(part, 'text', path) };
  switch (type) {
    case 'refusal':
      return { type: 'refusal', refusal: textAt(part, 'refusal', path) };
    case 'input_image':
      return pictureOf(part, path);
    case 'input_file':
      return fileOf(part, path);
    case 'input_audio':
      return { type: 'input_audio', input_audio: part['input_audio'] };
    default:
      return refuse(`${path}.type`, 'Invalid value: no content part of this type is taken here.');
  }
}

function pictureOf(part: Fields, path: string): ContentPart {
  const { image_url: url, detail } = part;
  if (typeof url !== 'string') {
    return refuse(
      `${path}.image_url`,
      'Missing or invalid: expected a URL; no files are kept here.',
    );
  }
  const detailField = typeof detail === 'string' ? { detail } : {};
  return { type: 'image_url', image_url: { url, ...detailField } };
}

function fileOf(part: Fields, path: string): ContentPart {
  const { file_data: bytes, filename } = part;
  if (typeof bytes !== 'string') {
    return refuse(
      `${path}.file_data`,
      'Missing or invalid: expected the file; none are kept here.',
    );
  }
  const name = typeof filename === 'string' ? { filename } : {};
  return { type: 'file', file: { file_data: bytes, ...name } };
}
