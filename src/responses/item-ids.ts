/** The kinds of items that an answer has, by the beginning of their ids. */
const PREFIXES = ['rs', 'msg', 'fc', 'ctc'] as const;
type ItemPrefix = (typeof PREFIXES)[number];

/** Where an item is found: the turn, and which of its kind it is in there. */
export interface ItemPlace {
  readonly turnId: string;
  readonly prefix: ItemPrefix;
  readonly position: number;
}

const HEX = '[\\da-f]{32}';
const RESPONSE_ID = new RegExp(`^resp_(${HEX})$`);
const ITEM_ID = new RegExp(`^(${PREFIXES.join('|')})_(${HEX})(?:_(\\d{1,4}))?$`);

const hexOf = (turnId: string) => turnId.replaceAll('-', '');
const uuidOf = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** The id of a response: that of its turn, as OpenAI writes ids. */
export const responseId = (turnId: string): string => `resp_${hexOf(turnId)}`;

/** The id of an item, by which a later request may refer to it. Positions count from 0 within the kind. */
export const itemId = ({ turnId, prefix, position }: ItemPlace): string =>
  `${prefix}_${hexOf(turnId)}_${String(position)}`;

/** The turn that a response's id names; undefined for what is no such id. */
export function turnOfResponse(id: string): string | undefined {
  const hex = RESPONSE_ID.exec(id)?.[1];
  return hex === undefined ? undefined : uuidOf(hex);
}

/** The place that an item's id names; undefined for an id that is none of ours. */
export function placeOfItem(id: string): ItemPlace | undefined {
  const [, prefix, hex, position = '0'] = ITEM_ID.exec(id) ?? [];
  if (prefix === undefined || hex === undefined) return undefined;
  return { turnId: uuidOf(hex), prefix: prefix as ItemPrefix, position: Number(position) };
}
