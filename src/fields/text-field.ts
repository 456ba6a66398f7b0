import { applyDecorators } from '@nestjs/common';
import {
  IsString,
  ValidateBy,
  type ValidationArguments,
  type ValidationOptions,
} from 'class-validator';
import { isLongerThan, loneSurrogate, strip, tooLong } from '../drf/text.js';
import { REPORTED_ALONE, Presence, ReadWith } from './field-decorators.js';
import { describeText, type FieldDocs } from './field-docs.js';

/** The rules of a text field. They and their sentences are those of Django REST framework's `CharField`. */
export interface TextFieldRules {
  /**
   * `trim` removes white space at both ends. `keep` keeps it. `notAlone` keeps it, but refuses a text of white
   * space only.
   */
  readonly whiteSpace?: 'trim' | 'keep' | 'notAlone';
  readonly optional?: boolean;
  readonly mayBeBlank?: boolean;
  readonly mayBeNull?: boolean;
  /** A blank text counts as missing, because a form sends blank inputs. */
  readonly isBlankMissing?: boolean;
  readonly maxCodePoints?: number;
  /** The sentence for a value that is not a text. */
  readonly typeMessage?: string;
  /** A rule of this field, checked before the length. */
  readonly rule?: { readonly test: (text: string) => boolean; readonly message: string };
  readonly ruleAfterLength?: TextFieldRules['rule'];
  readonly docs?: FieldDocs;
}

/**
 * Returns the text of a value. Integers are accepted as text, with the digits that the caller wrote. Other numbers
 * are not.
 */
function toText(value: unknown, { whiteSpace = 'trim', isBlankMissing }: TextFieldRules): unknown {
  const given = typeof value === 'bigint' ? String(value) : value;
  const text = typeof given === 'string' && whiteSpace === 'trim' ? strip(given) : given;
  return isBlankMissing && text === '' ? undefined : text;
}

/** A rule for texts. It ignores all other values. */
const textRule = (
  name: string,
  test: (text: string) => boolean,
  options: ValidationOptions,
): PropertyDecorator =>
  ValidateBy(
    { name, validator: { validate: (value) => typeof value !== 'string' || test(value) } },
    options,
  );

const surrogateMessage = ({ value }: ValidationArguments) =>
  `Surrogate characters are not allowed: ${loneSurrogate(value as string) ?? ''}.`;

/**
 * A text field of a request body, with the reference's conversions, rules and sentences, in the reference's order.
 */
export function TextField(rules: TextFieldRules = {}): PropertyDecorator {
  const { whiteSpace = 'trim', maxCodePoints: max, mayBeBlank, rule, ruleAfterLength } = rules;
  const isBlank = (text: string) =>
    text === '' || (whiteSpace === 'notAlone' && strip(text) === '');
  const all = [
    describeText(rules),
    ReadWith((value) => toText(value, rules)),
    Presence(rules),
    IsString({ message: rules.typeMessage ?? 'Not a valid string.', ...REPORTED_ALONE }),
    !mayBeBlank &&
      textRule('notBlank', (text) => !isBlank(text), {
        message: 'This field may not be blank.',
        ...REPORTED_ALONE,
      }),
    rule && textRule('rule', rule.test, { message: rule.message }),
    max !== undefined &&
      textRule('maxCodePoints', (text) => !isLongerThan(text, max), { message: tooLong(max) }),
    textRule('noNull', (text) => !text.includes('\0'), {
      message: 'Null characters are not allowed.',
    }),
    textRule('noSurrogate', (text) => text.isWellFormed(), { message: surrogateMessage }),
    ruleAfterLength &&
      textRule('ruleAfterLength', (text) => text === '' || ruleAfterLength.test(text), {
        message: ruleAfterLength.message,
      }),
  ];
  return applyDecorators(...all.filter((one) => typeof one === 'function'));
}
