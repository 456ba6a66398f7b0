import { type Caller } from './client.js';

/** An item of any list. */
export interface Item {
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface Page {
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: Item[];
}

/** Gets one page. `pathOrUrl` is a path, or the absolute URL from another page. */
export async function getPage(caller: Caller, pathOrUrl: string): Promise<Page> {
  const { pathname, search } = new URL(pathOrUrl, 'http://path.only');
  const { status, body } = await caller.get(pathname + search);
  if (status !== 200) throw new Error(`${pathOrUrl}: ${String(status)} ${JSON.stringify(body)}`);
  return body as Page;
}

/** Follows `next` or `previous` from a page to the end, and includes that page. Runs `between` after each page. */
export async function walk(
  caller: Caller,
  pathOrUrl: string,
  direction: 'next' | 'previous' = 'next',
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let url: string | null = pathOrUrl; url !== null;) {
    const page: Page = await getPage(caller, url);
    pages.push(page);
    await between();
    url = page[direction];
  }
  return pages;
}

export const itemsOf = (pages: readonly Page[]): Item[] => pages.flatMap(({ results }) => results);
