import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { notAChoice } from '../shown-text.js';
import { queryText } from '../http/query.js';
import { DAY_MICROS, fromIso, nowMicros, type Micros } from '../time.js';
import { ValidationFailed } from '../errors.js';

/** What the usage of one user can be grouped by. */
export const OWN_CHOICES = ['day', 'model', 'key'] as const;

const SPAN_DEFAULT_DAYS = 30;
const SPAN_MAX_DAYS = 366;

export interface UsageQuery<By extends string = (typeof OWN_CHOICES)[number]> {
  /** The grouping of the sums. */
  readonly by: By;
  /** Start, included; `to` is the end, excluded. */
  readonly from: Micros;
  readonly to: Micros;
}

function moment(request: FastifyRequest, name: 'from' | 'to'): Micros | undefined {
  const text = queryText(request, name);
  if (text === undefined) return undefined;
  const read = fromIso(text);
  if (read !== undefined) return read;
  throw new ValidationFailed({ [name]: ['Enter a date or a time in ISO 8601.'] });
}

function readUsageQuery(
  request: FastifyRequest,
  choices: readonly [string, ...string[]],
): UsageQuery<string> {
  const asked = queryText(request, 'by') ?? choices[0];
  const by = choices.find((choice) => choice === asked);
  if (by === undefined) {
    throw new ValidationFailed({ by: [notAChoice(asked)] });
  }
  const to = moment(request, 'to') ?? nowMicros();
  const from = moment(request, 'from') ?? to - SPAN_DEFAULT_DAYS * DAY_MICROS;
  if (from > to) throw new ValidationFailed({ from: ['Must not be after "to".'] });
  if (to - from > SPAN_MAX_DAYS * DAY_MICROS) {
    throw new ValidationFailed({ from: [`At most ${String(SPAN_MAX_DAYS)} days at once.`] });
  }
  return { by, from, to };
}

/**
 * Provides `?by=&from=&to=` to a handler. `by` is one of the choices, by default the first. `to` is now by default,
 * and `from` is thirty days before `to`. Throws `ValidationFailed` for another `by`, a malformed time, an end before
 * the start, or a range of more than 366 days.
 */
export const UsageBy = createParamDecorator(
  (choices: readonly [string, ...string[]], context: ExecutionContext): UsageQuery<string> =>
    readUsageQuery(context.switchToHttp().getRequest<FastifyRequest>(), choices),
);
