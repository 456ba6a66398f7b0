/** A media type or range in a header: `application/json; charset=utf-8`, `text/*; q=0.5`. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  /** Parameters by name in lower case. Quoted values have no quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The media type of nearly every body. */
const JSON_TYPE: MediaType = { type: 'application', subtype: 'json', parameters: new Map() };

/** Parses any text as a media type, as leniently as the reference. An invalid type matches no type. */
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

/** Checks whether both name the same type. `*` matches any type. Weights (`q`) are ignored, as in the reference. */
export function matches(one: MediaType, other: MediaType): boolean {
  const same = (a: string, b: string) => a === b || a === '*' || b === '*';
  return same(one.type, other.type) && same(one.subtype, other.subtype);
}
