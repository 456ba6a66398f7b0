import type { OpenAPIObject } from '@nestjs/swagger';
import { TAGS } from './tags.js';

/**
 * The last paths, in their order. Collections are generated from the document and run from top to bottom. A
 * changed password would break the example of a deletion, and the credential must be valid until the logout.
 */
const LAST_PATHS = [
  '/api/password/',
  '/api/me/',
  '/api/sessions/',
  '/api/sessions/{id}/',
  '/api/logout/',
];

/**
 * The folders of a collection are also built from the paths. The folder with the last path must be the last
 * folder.
 */
const isBelowApi = (path: string) => path.startsWith('/api/');

const tagOf = (item: OpenAPIObject['paths'][string]): number => {
  const [tag] = (item.get ?? item.post ?? item.put ?? item.patch ?? item.delete)?.tags ?? [];
  return TAGS.findIndex(({ name }) => name === tag);
};

const needsId = (path: string) => path.includes('{') && !LAST_PATHS.includes(path);

/**
 * Returns the paths in the order of their tags. Within each tag, paths that need no id come first, and paths that
 * delete what an id names come last: the other routes need it.
 */
export function sortPaths(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const rank = ([path, item]: [string, OpenAPIObject['paths'][string]]) => [
    Number(isBelowApi(path)),
    tagOf(item),
    Number(needsId(path)),
    Number(needsId(path) && item.delete !== undefined),
    LAST_PATHS.indexOf(path),
  ];
  const ranked = Object.entries(paths).map((entry) => ({ entry, rank: rank(entry) }));
  ranked.sort((one, other) => {
    const place = one.rank.findIndex((value, index) => value !== other.rank[index]);
    return (one.rank[place] ?? 0) - (other.rank[place] ?? 0);
  });
  return Object.fromEntries(ranked.map(({ entry }) => entry));
}
