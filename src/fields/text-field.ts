import { applyDecorators } from '@nestjs/common';
import { bodyField } from './body-field.js';
import { describeText, type FieldDocs } from './field-docs.js';
import { codePoints, loneSurrogate, strip } from '../drf/text.js';

/** How a text field is read. The rules and their sentences are Django REST framework's `CharField`. */
export interface TextFieldRules {
  /** `trim` takes outer white space off; `keep` leaves it; `notAlone` leaves it, but not as the whole. */
  readonly whiteSpace?: 'trim' | 'keep' | 'notAlone';
  readonly optional?: boolean;
  readonly mayBeBlank?: boolean;
  readonly mayBeNull?: boolean;
  readonly maxCodePoints?: number;
  /** For a value that is no text at all. */
  readonly typeMessage?: string;
  /** A rule of the field's own, checked before the length. */
  readonly rule?: { readonly test: (text: string) => boolean; readonly message: string };
  readonly ruleAfterLength?: TextFieldRules['rule'];
  readonly docs?: FieldDocs;
}

/** Integers are text too, with the digits they were written with; other numbers are not. */
function toText(value: unknown, whiteSpace: TextFieldRules['whiteSpace']): unknown {
  const text = typeof value === 'bigint' ? String(value) : value;
  return typeof text === 'string' && whiteSpace === 'trim' ? strip(text) : text;
}

/** Missing, null, of another type, or blank: the one sentence that then stands alone. */
function unusable(value: unknown, rules: TextFieldRules): string | undefined {
  if (value === undefined) return rules.optional ? undefined : 'This field is required.';
  if (value === null) return rules.mayBeNull ? undefined : 'This field may not be null.';
  if (typeof value !== 'string') return rules.typeMessage ?? 'Not a valid string.';
  const blank = value === '' || (rules.whiteSpace !== 'keep' && strip(value) === '');
  return blank && !rules.mayBeBlank ? 'This field may not be blank.' : undefined;
}

/** The sentence for more than `max` code points. */
export const tooLong = (max: number) =>
  `Ensure this field has no more than ${String(max)} characters.`;

/** All that is wrong with usable text, in the reference's order. */
function faults(text: string, rules: TextFieldRules): string[] {
  const { maxCodePoints: max = Infinity } = rules;
  const surrogate = loneSurrogate(text);
  return [
    rules.rule && !rules.rule.test(text) && rules.rule.message,
    text.length > max && codePoints(text) > max && tooLong(max),
    text.includes('\0') && 'Null characters are not allowed.',
    surrogate && `Surrogate characters are not allowed: ${surrogate}.`,
    rules.ruleAfterLength &&
      text !== '' &&
      !rules.ruleAfterLength.test(text) &&
      rules.ruleAfterLength.message,
  ].filter((fault) => typeof fault === 'string');
}

/** Every sentence about `value`, in order; none when it serves. */
export function textFieldMessages(value: unknown, rules: TextFieldRules): string[] {
  const alone = unusable(value, rules);
  if (alone !== undefined) return [alone];
  return typeof value === 'string' ? faults(value, rules) : [];
}

/** A text field of a request body, with the reference's coercion, rules and sentences. */
export function TextField(rules: TextFieldRules = {}): PropertyDecorator {
  const whiteSpace = rules.whiteSpace ?? 'trim';
  const complete = { ...rules, whiteSpace };
  return applyDecorators(
    describeText(complete),
    bodyField('textField', {
      read: (value) => toText(value, whiteSpace),
      faults: (value) => textFieldMessages(value, complete),
    }),
  );
}
