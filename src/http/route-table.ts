import { Injectable } from '@nestjs/common';
import type { RouteOptions } from 'fastify';
import type { Scope } from '../principal.js';

/** The order of methods in Django's `Allow` header. */
const ORDER = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'];

/** The properties of a path, for all its methods together. */
export interface KnownPath {
  /** The value of `Allow`. */
  readonly allow: string;
  /** The methods in `Allow`, as a set. */
  readonly methods: ReadonlySet<string>;
  readonly isPublic: boolean;
  readonly anyAccept: boolean;
  readonly jsonOnly: boolean;
}

/**
 * The rate limit of a route. Public routes are counted by network: `register`, `login`, or `network` for all others
 * that use the database. `none` is for public routes that do not use it. All other routes are counted by user, as
 * `spend` or `read`, or by session: `password`, for routes that check the user's password.
 */
export type LimitClass = 'register' | 'login' | 'network' | 'none' | 'spend' | 'password' | 'read';

/**
 * The credentials that a route accepts if it is not public: API keys with a scope, API keys of any scope (`any`),
 * or no API key at all (`session`). Sessions may call all routes.
 */
export type RouteAccess = Scope | 'any' | 'session';

/** The properties of a route that the server's hooks read. Set by `@Public()`, `@Access()` and `@Spends()`. */
export interface RouteMarks {
  /** The route needs no credentials. */
  readonly isPublic?: boolean;
  /** The route ignores `Accept`. A style sheet, for example, has only one format. */
  readonly anyAccept?: boolean;
  /** The route returns 406 if the caller accepts only HTML, as the reference's login does. */
  readonly jsonOnly?: boolean;
  /** The default is `none` for a public route and `read` for any other. */
  readonly limit?: LimitClass;
  /** Maximum number of commas outside strings in the JSON body. The default is 20,000. */
  readonly jsonCommasMax?: number;
  /** The name under which the route's Idempotency-Keys are stored. A known key is a replay. */
  readonly keyRoute?: string;
  /** Without it, no API key may call the route. */
  readonly access?: RouteAccess;
  /** The route accepts an Idempotency-Key. A spending route sets `keyRoute` instead. Any other POST refuses a key. */
  readonly acceptsIdempotencyKey?: boolean;
}

/** One method of one path, with its parameters in Fastify's notation (`/api/keys/:id`). */
export interface ServedRoute extends Marks {
  readonly method: string;
  readonly path: string;
}

type Marks = Required<Omit<RouteMarks, 'keyRoute' | 'access' | 'jsonCommasMax'>> &
  Pick<RouteMarks, 'access'>;

interface Entry {
  readonly pattern: RegExp;
  readonly methods: Map<string, Marks>;
  /** Computed at the first request, because all routes are registered before. */
  known: KnownPath | undefined;
}

/** All served paths, for `Allow` and to distinguish 405 from 404. Routes add themselves when they register. */
@Injectable()
export class RouteTable {
  private readonly entries = new Map<string, Entry>();

  add(route: RouteOptions): void {
    const key = withoutLastSlash(route.url);
    const source = key
      .replaceAll(/\./g, '\\.')
      .replaceAll(/:[^/]+/g, '[^/]+')
      .replaceAll('*', '.*');
    const entry = this.entries.get(key) ?? {
      pattern: new RegExp(`^${source}$`),
      methods: new Map<string, Marks>(),
      known: undefined,
    };
    const { isPublic = false, anyAccept = false, jsonOnly = false, ...rest } = marksOf(route);
    const limit = limitOf({ isPublic, ...rest });
    const marks = {
      isPublic,
      anyAccept,
      jsonOnly,
      limit,
      acceptsIdempotencyKey: acceptsIdempotencyKey(rest),
      ...(rest.access && { access: rest.access }),
    };
    for (const method of [route.method].flat()) entry.methods.set(method, marks);
    entry.known = undefined;
    this.entries.set(key, entry);
  }

  /** Returns every route, in the order of registration. */
  all(): ServedRoute[] {
    return [...this.entries].flatMap(([path, { methods }]) =>
      [...methods].map(([method, marks]) => ({ method, path, ...marks })),
    );
  }

  /** Returns the path of a request's URL, or undefined if it does not exist. */
  find(url: string): KnownPath | undefined {
    const path = withoutLastSlash(decodePath(url.split('?', 1)[0] ?? url));
    const entry =
      this.entries.get(path) ??
      [...this.entries.values()].find((candidate) => candidate.pattern.test(path));
    return entry && (entry.known ??= knownPathOf(entry));
  }
}

const marksOf = ({ config }: Pick<RouteOptions, 'config'>) => (config ?? {}) as RouteMarks;

/** Returns the rate limit of a route, set or by default. */
export function limitOf({ isPublic = false, limit }: RouteMarks): LimitClass {
  return limit ?? (isPublic ? 'none' : 'read');
}

/** Checks whether a route accepts an Idempotency-Key. */
export function acceptsIdempotencyKey({
  keyRoute,
  acceptsIdempotencyKey: isTaken = false,
}: RouteMarks): boolean {
  return isTaken || keyRoute !== undefined;
}

function knownPathOf({ methods }: Entry): KnownPath {
  const marks = [...methods.values()];
  // The server's hook answers OPTIONS for every path.
  const allowed = ORDER.filter((method) => method === 'OPTIONS' || methods.has(method));
  return {
    allow: allowed.join(', '),
    methods: new Set(allowed),
    isPublic: marks.some(({ isPublic }) => isPublic),
    anyAccept: marks.some(({ anyAccept }) => anyAccept),
    jsonOnly: marks.some(({ jsonOnly }) => jsonOnly),
  };
}

/** Decodes escapes as the router does. A path that cannot be decoded matches none of our paths. */
function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function withoutLastSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
