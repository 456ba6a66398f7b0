import type { EmbeddingInput } from '../models/provider.js';

const isToken = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const areTokens = (value: unknown) => Array.isArray(value) && value.every(isToken);
const isText = (value: unknown) => typeof value === 'string';
const isEmpty = (value: unknown) => (isText(value) || Array.isArray(value)) && value.length === 0;

/** Returns the error sentence for an input. Returns undefined if the input is valid. */
export function inputFault(input: unknown, inputsMax: number): string | undefined {
  if (isEmpty(input)) return 'Empty: expected a text, or model tokens.';
  if (isText(input) || areTokens(input)) return undefined;
  if (!Array.isArray(input)) return 'Missing or invalid: expected a text or an array.';
  if (input.length > inputsMax) return `Too long: at most ${String(inputsMax)} inputs.`;
  if (input.some(isEmpty)) return 'Empty: each input must be a text, or model tokens.';
  if (input.every(isText) || input.every(areTokens)) return undefined;
  return 'Invalid type: expected texts alone, or lists of model tokens alone.';
}

/** Returns the inputs as a list. `input` must be valid. */
export function inputsIn(input: unknown): readonly EmbeddingInput[] {
  if (!Array.isArray(input) || areTokens(input)) return [input as EmbeddingInput];
  return input as readonly EmbeddingInput[];
}
