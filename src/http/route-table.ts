import type { RouteOptions } from 'fastify';

/** The order in which Django lists methods in `Allow`. */
const ORDER = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'];

/** What one path answers to, whatever the method. */
export interface KnownPath {
  /** The value of `Allow`. */
  readonly allow: string;
  readonly isPublic: boolean;
}

interface Entry {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
  isPublic: boolean;
}

/** Marks a Fastify route that needs no credentials; set by `@Public()`. */
export interface RouteMarks {
  readonly isPublic?: boolean;
}

/** Every path that is served, for `Allow` and for telling 405 from 404. Filled as routes register. */
export class RouteTable {
  private readonly entries = new Map<string, Entry>();

  add(route: RouteOptions): void {
    const key = withoutLastSlash(route.url);
    const source = key
      .replaceAll(/[.]/g, '\\.')
      .replaceAll(/:[^/]+/g, '[^/]+')
      .replaceAll('*', '.*');
    const entry = this.entries.get(key) ?? {
      pattern: new RegExp(`^${source}$`),
      methods: new Set(['OPTIONS']),
      isPublic: false,
    };
    for (const method of [route.method].flat()) entry.methods.add(method);
    const marks = route.config as RouteMarks | undefined;
    if (marks?.isPublic) entry.isPublic = true;
    this.entries.set(key, entry);
  }

  /** The path that a request's URL names, or undefined where there is none. */
  find(url: string): KnownPath | undefined {
    const path = withoutLastSlash(url.split('?', 1)[0] ?? url);
    const entry =
      this.entries.get(path) ??
      [...this.entries.values()].find((candidate) => candidate.pattern.test(path));
    return entry && { allow: allowOf(entry), isPublic: entry.isPublic };
  }
}

function allowOf({ methods }: Entry): string {
  return ORDER.filter((method) => methods.has(method)).join(', ');
}

function withoutLastSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
