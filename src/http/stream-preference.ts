import { matches, parseMediaType, type MediaType } from '../drf/media-type.js';

const EVENTS = parseMediaType('text/event-stream');
const JSON_TYPE = parseMediaType('application/json');

/** A range of an `Accept` header, and its position in the header. */
interface Range {
  readonly type: MediaType;
  readonly weight: number;
  readonly place: number;
}

/** Returns the weight of a range: 1 if it is missing or invalid. RFC 9110 allows 0 to 1. */
function weightOf({ parameters }: MediaType): number {
  const weight = Number(parameters.get('q') ?? 1);
  return weight >= 0 && weight <= 1 ? weight : 1;
}

const isWild = ({ type }: Range) => type.type === '*' || type.subtype === '*';

/** Returns the range that applies to a type: the range that names it, or the first wildcard that covers it. */
function rangeFor(wanted: MediaType, ranges: readonly Range[]): Range | undefined {
  const covering = ranges.filter(({ type }) => matches(type, wanted));
  return covering.find((range) => !isWild(range)) ?? covering[0];
}

/**
 * Checks whether an `Accept` header asks for events rather than JSON. It must name `text/event-stream` with a
 * larger weight than JSON. If the weights are equal, a named type wins over a wildcard, and the first of two named
 * types wins. So a client that lists JSON first and the stream second gets JSON.
 */
export function prefersEvents(accept: string): boolean {
  const ranges = accept.split(',').map((text, place): Range => {
    const type = parseMediaType(text);
    return { type, weight: weightOf(type), place };
  });
  const events = rangeFor(EVENTS, ranges);
  if (!events || isWild(events) || events.weight === 0) return false;
  const json = rangeFor(JSON_TYPE, ranges);
  if (!json || json.weight !== events.weight) return events.weight > (json?.weight ?? 0);
  return isWild(json) || events.place < json.place;
}
