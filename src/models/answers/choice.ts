import { hasContent } from './error-signs.js';
import { fieldsOf, isFields, type Fields } from '../../json-fields.js';
import { listOf } from './list-of.js';
import { REASON_FIELDS } from './finish-reasons.js';

/**
 * Returns the choice with this number, or without a number. Only one choice is requested, but some servers send
 * more, and some do not number it with 0.
 */
export function choiceOf(choices: unknown, number: number | undefined): Fields | undefined {
  const all = listOf(choices).map(withText).filter(isFields);
  const wanted = all.find((choice) => (numberOf(choice) ?? number ?? 0) === (number ?? 0));
  return wanted ?? (number === undefined ? all[0] : undefined);
}

/** Returns the choice with one delta and one message, if they are lists of pieces. */
export function withJoinedLists(choice: Fields | undefined): Fields | undefined {
  const { delta, message } = choice ?? {};
  if (!Array.isArray(delta) && !Array.isArray(message)) return choice;
  return {
    ...choice,
    ...(Array.isArray(delta) && { delta: joined(delta) }),
    ...(Array.isArray(message) && { message: joined(message) }),
  };
}

/** Joins pieces. Several values of a field become a list, as the text and the calls of a piece may be. */
function joined(pieces: readonly unknown[]): Fields | undefined {
  const valuesOf = new Map<string, unknown[]>();
  for (const piece of pieces) {
    const fields = typeof piece === 'string' ? { content: piece } : (fieldsOf(piece) ?? {});
    for (const [name, value] of Object.entries(fields)) {
      if (value !== 0 && !hasContent(value)) continue;
      const values = REASON_FIELDS.includes(name) ? undefined : valuesOf.get(name);
      if (values) values.push(value);
      else valuesOf.set(name, [value]);
    }
  }
  if (valuesOf.size === 0) return undefined;
  const fields = [...valuesOf].map(([name, values]) => {
    return [name, values.length === 1 ? values[0] : values.flat()] as const;
  });
  return Object.fromEntries(fields);
}

/** Returns a choice that is only a text as fields. */
const withText = (choice: unknown) => (typeof choice === 'string' ? { text: choice } : choice);

/** Returns the number of a choice. Some servers write it as a text. */
export function numberOf(choice: Fields | undefined): number | undefined {
  const index = choice?.['index'];
  if (typeof index === 'string' && /^\d+$/.test(index)) return Number(index);
  return typeof index === 'number' ? index : undefined;
}
