import { isToolWord } from './error-signs.js';
import { fieldsOf, type Fields } from '../../json-fields.js';

/**
 * Checks for the author of a tool's result. Servers that call tools themselves send it among the words of the model. Any
 * other author is the model: some servers call it `model` or `ai`, or leave the name empty.
 */
export const isToolRole = (role: unknown) => role === 'tool' || role === 'function';

export const isAnswerPart = (part: Fields) =>
  part['type'] !== 'thinking' && part['type'] !== 'reasoning';
export const isReasoningPart = (part: Fields) => !isAnswerPart(part);

/**
 * Returns the text of a content: a text, a part, or the parts for which `isWanted` is true. Servers send all three. What
 * a tool was given or returned is not text of the model.
 */
export function textOf(content: unknown, isWanted: (part: Fields) => boolean): string {
  if (typeof content === 'string') return isWanted === isAnswerPart ? content : '';
  if (typeof content === 'number') return isWanted === isAnswerPart ? String(content) : '';
  const part = fieldsOf(content);
  if (part) return isWanted(part) && !isToolWord(part['type']) ? innerText(part) : '';
  if (!Array.isArray(content)) return '';
  return content.map((one) => textOf(one, isWanted)).join('');
}

/** The fields with the text of a part, of which it has one. */
const TEXT_FIELDS = ['text', 'thinking', 'summary', 'value', 'output_text', 'refusal'];
/** The fields with the text of a part of the model's own words. In other parts they are a document or a tool's result. */
const INNER_FIELDS = [...TEXT_FIELDS, 'content', 'parts'];
const OWN_WORDS: readonly unknown[] = [undefined, 'text', 'output_text', 'thinking', 'reasoning'];

function innerText(part: Fields): string {
  const names = OWN_WORDS.includes(part['type']) ? INNER_FIELDS : TEXT_FIELDS;
  for (const name of names) {
    const inner = part[name];
    const text = typeof inner === 'string' ? inner : textOf(inner, isAnswerPart);
    // A text that is empty is the text of the part, and its thinking is none.
    if (text !== '' || (name === 'text' && typeof inner === 'string')) return text;
  }
  return '';
}
