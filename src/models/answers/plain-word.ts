import { fieldsOf, type Fields } from '../../json-fields.js';
import { isToolRole } from './content-text.js';

/** OpenAI's name for an event of a streamed answer. Some servers do not send it. */
const OBJECT = 'chat.completion.chunk';

/** The fields that say nothing about the answer, whatever they contain, and those that are checked here. */
const EVENT_FIELDS = new Set([
  ...['id', 'object', 'created', 'model', 'choices'],
  ...['service_tier', 'system_fingerprint', 'obfuscation', 'provider'],
]);
const CHOICE_FIELDS = new Set(['index', 'delta', 'logprobs']);
const DELTA_FIELDS = new Set(['role', 'content']);

/**
 * Returns the text of an event that only adds text to the choice with this number, in OpenAI's own form. Nearly all
 * events of nearly all servers are such events, and to look for all other forms in them takes four times as long.
 * Returns undefined for every other event. The full reading (`chunkOf`) finds the same in an event that is read here.
 */
export function plainWordIn(chunk: Fields, number: number): string | undefined {
  const { object, choices } = chunk;
  if ((object ?? OBJECT) !== OBJECT || !Array.isArray(choices)) return undefined;
  const choice = fieldsOf(choices[0]);
  const delta = fieldsOf(choice?.['delta']);
  const text = delta?.['content'];
  if (!choice || !delta || typeof text !== 'string' || choice['index'] !== number) return undefined;
  if (isToolRole(delta['role'])) return undefined;
  const isPlain =
    hasOnly(chunk, EVENT_FIELDS) && hasOnly(choice, CHOICE_FIELDS) && hasOnly(delta, DELTA_FIELDS);
  return isPlain ? text : undefined;
}

/** Checks that all other fields are null. */
function hasOnly(fields: Fields, names: ReadonlySet<string>): boolean {
  // A list of the names would be made for each word.
  for (const name in fields) {
    if (fields[name] !== null && !names.has(name)) return false;
  }
  return true;
}
