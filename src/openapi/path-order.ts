import type { OpenAPIObject } from '@nestjs/swagger';
import { TAGS } from './tags.js';

/**
 * The last paths, in their order. Collections are made of the document and run from its top to its bottom: after a
 * change of the password the example of a deletion is refused, and the credential serves until it is given back.
 */
const LAST = [
  '/api/password/',
  '/api/me/',
  '/api/sessions/',
  '/api/sessions/{id}/',
  '/api/logout/',
];

/** Folders of a collection are made of the paths, too: that which has the last path is the last folder. */
const isBelowApi = (path: string) => path.startsWith('/api/');

const tagOf = (item: OpenAPIObject['paths'][string]): number => {
  const [tag] = (item.get ?? item.post ?? item.put ?? item.delete)?.tags ?? [];
  return TAGS.findIndex(({ name }) => name === tag);
};

/** The paths in the order of their tags, and in each tag first those that need no id. */
export function inOrder(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const rank = ([path, item]: [string, OpenAPIObject['paths'][string]]) => [
    Number(isBelowApi(path)),
    tagOf(item),
    Number(path.includes('{') && !LAST.includes(path)),
    LAST.indexOf(path),
  ];
  const ranked = Object.entries(paths).map((entry) => ({ entry, rank: rank(entry) }));
  ranked.sort((one, other) => {
    const place = one.rank.findIndex((value, index) => value !== other.rank[index]);
    return (one.rank[place] ?? 0) - (other.rank[place] ?? 0);
  });
  return Object.fromEntries(ranked.map(({ entry }) => entry));
}
