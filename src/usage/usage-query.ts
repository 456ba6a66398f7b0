import { DAY_MICROS, fromIso, nowMicros, type Micros } from '../time.js';
import { ValidationFailed } from '../errors.js';

const SPAN_DEFAULT_DAYS = 30;
const SPAN_MAX_DAYS = 366;

export interface UsageQuery<By extends string = 'day' | 'model' | 'key'> {
  /** The grouping of the sums. */
  readonly by: By;
  /** Start, included; `to` is the end, excluded. */
  readonly from: Micros;
  readonly to: Micros;
}

type Given = Readonly<Record<'by' | 'from' | 'to', string | undefined>>;

function moment(name: string, text: string | undefined): Micros | undefined {
  if (text === undefined) return undefined;
  const read = fromIso(text);
  if (read !== undefined) return read;
  throw new ValidationFailed({ [name]: ['Enter a date or a time in ISO 8601.'] });
}

/**
 * Reads `?by=&from=&to=`. `by` is one of `choices`, by default the first. `to` is now by default, and `from`
 * is thirty days before `to`. Throws `ValidationFailed` for another `by`, a malformed time, an end before the
 * start, or a range of more than 366 days.
 */
export function readUsageQuery<By extends string>(
  given: Given,
  choices: readonly [By, ...By[]],
): UsageQuery<By> {
  const asked = given.by ?? choices[0];
  const by = choices.find((choice) => choice === asked);
  if (by === undefined) {
    throw new ValidationFailed({ by: [`"${asked}" is not a valid choice.`] });
  }
  const to = moment('to', given.to) ?? nowMicros();
  const from = moment('from', given.from) ?? to - SPAN_DEFAULT_DAYS * DAY_MICROS;
  if (from > to) throw new ValidationFailed({ from: ['Must not be after "to".'] });
  if (to - from > SPAN_MAX_DAYS * DAY_MICROS) {
    throw new ValidationFailed({ from: [`At most ${String(SPAN_MAX_DAYS)} days at once.`] });
  }
  return { by, from, to };
}
