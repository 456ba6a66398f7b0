import { matches, parseMediaType, type MediaType } from '../drf/media-type.js';

const EVENTS = parseMediaType('text/event-stream');
const JSON_TYPE = parseMediaType('application/json');

/** A range of an `Accept` header, and its place in it. */
interface Range {
  readonly type: MediaType;
  readonly weight: number;
  readonly place: number;
}

/** 1 for a range that says nothing, or no number; RFC 9110 has it from 0 to 1. */
function weightOf({ parameters }: MediaType): number {
  const weight = Number(parameters.get('q') ?? 1);
  return weight >= 0 && weight <= 1 ? weight : 1;
}

const isWild = ({ type }: Range) => type.type === '*' || type.subtype === '*';

/** The range that speaks for a type: the one that names it, or the first wildcard that covers it. */
function rangeFor(wanted: MediaType, ranges: readonly Range[]): Range | undefined {
  const covering = ranges.filter(({ type }) => matches(type, wanted));
  return covering.find((range) => !isWild(range)) ?? covering[0];
}

/**
 * Whether an `Accept` header asks for events rather than JSON: it names `text/event-stream`, with a larger
 * weight than JSON's. Of two equal weights the type that is named wins over a wildcard, and of two that are
 * named the first: a client that lists JSON first and the stream as a second choice reads JSON.
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
