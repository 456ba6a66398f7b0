import type { FastifyRequest } from 'fastify';
import { ValidationFailed } from '../errors.js';
import { textFieldMessages } from '../fields/text-field.js';

export const SEARCH_MAX_CHARS = 200;

/** Reads `?search=`; undefined where it is missing or empty. Throws `ValidationFailed`. */
export function readSearch({ query }: FastifyRequest): string | undefined {
  const { search } = query as { search?: string | string[] };
  const text = [search].flat().at(-1);
  const rules = { optional: true, mayBeBlank: true, maxCodePoints: SEARCH_MAX_CHARS };
  const faults = textFieldMessages(text, rules);
  if (faults.length > 0) throw new ValidationFailed({ search: faults });
  return text === '' ? undefined : text;
}
