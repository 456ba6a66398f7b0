/** The kinds of items in an answer. Each is the prefix of its ids. */
const PREFIXES = ['rs', 'msg', 'fc', 'ctc'] as const;
type ItemPrefix = (typeof PREFIXES)[number];

/** The place of an item: the turn, the kind, and the position within the kind. */
export interface ItemPlace {
  readonly turnId: string;
  readonly prefix: ItemPrefix;
  readonly position: number;
}

/** Ids are read in any case, as UUIDs are. */
const HEX = '[\\da-f]{32}';
const RESPONSE_ID = new RegExp(`^resp_(${HEX})$`);
const ITEM_ID = new RegExp(`^(${PREFIXES.join('|')})_(${HEX})(?:_(\\d{1,4}))?$`);

const hexOf = (turnId: string) => turnId.replaceAll('-', '');
const uuidOf = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Returns the id of a response: the id of its turn, in OpenAI's format. */
export const responseId = (turnId: string): string => `resp_${hexOf(turnId)}`;

/**
 * Returns the id of an item, with which a later request may refer to it. Positions count from 0 within the
 * kind.
 */
export const itemId = ({ turnId, prefix, position }: ItemPlace): string =>
  `${prefix}_${hexOf(turnId)}_${String(position)}`;

/** Returns the id of the turn in a response's id, or undefined if it is not in that format. */
export function turnOfResponse(id: string): string | undefined {
  const hex = RESPONSE_ID.exec(id.toLowerCase())?.[1];
  return hex === undefined ? undefined : uuidOf(hex);
}

/** Returns the place in an item's id, or undefined if the id is not in our format. */
export function placeOfItem(id: string): ItemPlace | undefined {
  const [, prefix, hex, position = '0'] = ITEM_ID.exec(id.toLowerCase()) ?? [];
  if (prefix === undefined || hex === undefined) return undefined;
  return { turnId: uuidOf(hex), prefix: prefix as ItemPrefix, position: Number(position) };
}
