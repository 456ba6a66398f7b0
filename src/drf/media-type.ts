/** A media type or range as a header names it: `application/json; charset=utf-8`, `text/*; q=0.5`. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  /** By name in lower case; a quoted value without its quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What nearly every request says of its body. */
const JSON_TYPE: MediaType = { type: 'application', subtype: 'json', parameters: new Map() };

/** Reads any text as a media type, as leniently as the reference: what is no type matches no type. */
export function parseMediaType(text: string): MediaType {
  if (text === 'application/json') return JSON_TYPE;
  const [essence = '', ...rest] = text.split(';').map((part) => part.trim());
  const [type = '', subtype = ''] = essence.toLowerCase().split(/\/(.*)/s, 2);
  const parameters = new Map(
    rest.flatMap((part): [string, string][] => {
      const [name, value] = part.split(/=(.*)/s, 2);
      if (name === undefined || value === undefined) return [];
      return [[name.trim().toLowerCase(), value.trim().replaceAll(/^"|"$/g, '')]];
    }),
  );
  return { type, subtype, parameters };
}

/** Whether both name one type, where `*` names any. Weights (`q`) count for nothing in the reference. */
export function matches(one: MediaType, other: MediaType): boolean {
  const same = (a: string, b: string) => a === b || a === '*' || b === '*';
  return same(one.type, other.type) && same(one.subtype, other.subtype);
}
