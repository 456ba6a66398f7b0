import { isDeepStrictEqual } from 'node:util';

/** The progress of a scan for one whole JSON object in streamed text. Each piece is scanned once. */
export interface ObjectScan {
  readonly depth: number;
  readonly isInString: boolean;
  readonly isEscaped: boolean;
  readonly isWhole: boolean;
}

export const UNSCANNED: ObjectScan = {
  depth: 0,
  isInString: false,
  isEscaped: false,
  isWhole: false,
};

/** Returns the scan after more text. */
export function advanceScan(scan: ObjectScan, text: string): ObjectScan {
  let { depth, isInString, isEscaped, isWhole } = scan;
  for (const char of text) {
    if (isEscaped) isEscaped = false;
    else if (isInString && char === '\\') isEscaped = true;
    else if (char === '"') isInString = !isInString;
    else if (!isInString && (char === '{' || char === '[')) depth += 1;
    else if (!isInString && (char === '}' || char === ']')) {
      depth -= 1;
      isWhole = depth === 0;
    }
  }
  return { depth, isInString, isEscaped, isWhole };
}

/** Checks that two texts are JSON of the same value, in any spacing. */
export function isSameJson(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    return isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
  } catch {
    return false;
  }
}
