import { Injectable } from '@nestjs/common';
import type { RouteOptions } from 'fastify';
import type { Scope } from '../principal.js';

/** The order in which Django lists methods in `Allow`. */
const ORDER = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'];

/** What one path answers to, whatever the method. */
export interface KnownPath {
  /** The value of `Allow`. */
  readonly allow: string;
  /** The same, each for itself. */
  readonly methods: ReadonlySet<string>;
  readonly isPublic: boolean;
  readonly anyAccept: boolean;
  readonly jsonOnly: boolean;
}

/**
 * How often a route may be asked. Public ones by network: `register`, `login`, or `network` for what reads
 * a credential from the body; `none` for what costs no database. All others by person: `spend` or `read`.
 */
export type LimitClass = 'register' | 'login' | 'network' | 'none' | 'spend' | 'read';

/**
 * What may call a route that is not public: API keys with a scope, API keys of any scope (`any`), or no API key
 * at all (`session`). Sessions may call each of them.
 */
export type RouteAccess = Scope | 'any' | 'session';

/** What a route says of itself to the server's hooks; set by `@Public()`, `@Access()` and `@Spends()`. */
export interface RouteMarks {
  /** Needs no credentials. */
  readonly isPublic?: boolean;
  /** Answers whatever `Accept` asks for: a style sheet has but one form. */
  readonly anyAccept?: boolean;
  /** Answers 406 to who asks for HTML alone, as the reference's login does. */
  readonly jsonOnly?: boolean;
  /** `none` for a public route that says nothing, `read` for any other. */
  readonly limit?: LimitClass;
  /** Commas outside of strings that its JSON may have; 20,000 where it says nothing. */
  readonly jsonCommasMax?: number;
  /** Where its Idempotency-Keys are kept: what is known there is a replay. */
  readonly keyRoute?: string;
  /** No API key may call a route that says nothing. */
  readonly access?: RouteAccess;
  /** Heeds an Idempotency-Key. What spends does, and says so by its `keyRoute`; any other POST refuses one. */
  readonly takesKey?: boolean;
}

/** One method of one path, with its parameters as Fastify spells them (`/api/keys/:id`). */
export interface ServedRoute extends Marks {
  readonly method: string;
  readonly path: string;
}

type Marks = Required<Omit<RouteMarks, 'keyRoute' | 'access' | 'jsonCommasMax'>> &
  Pick<RouteMarks, 'access'>;

interface Entry {
  readonly pattern: RegExp;
  readonly methods: Map<string, Marks>;
  /** Put together when it is first asked for: routes register before that. */
  known: KnownPath | undefined;
}

/** Every path that is served, for `Allow` and for telling 405 from 404. Filled as routes register. */
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
      takesKey: takesKey(rest),
      ...(rest.access && { access: rest.access }),
    };
    for (const method of [route.method].flat()) entry.methods.set(method, marks);
    entry.known = undefined;
    this.entries.set(key, entry);
  }

  /** Every route, in the order of registration. */
  all(): ServedRoute[] {
    return [...this.entries].flatMap(([path, { methods }]) =>
      [...methods].map(([method, marks]) => ({ method, path, ...marks })),
    );
  }

  /** The path that a request's URL names, or undefined where there is none. */
  find(url: string): KnownPath | undefined {
    const path = withoutLastSlash(decoded(url.split('?', 1)[0] ?? url));
    const entry =
      this.entries.get(path) ??
      [...this.entries.values()].find((candidate) => candidate.pattern.test(path));
    return entry && (entry.known ??= knownPathOf(entry));
  }
}

const marksOf = ({ config }: Pick<RouteOptions, 'config'>) => (config ?? {}) as RouteMarks;

/** The limit that a route has, said or by default. */
export function limitOf({ isPublic = false, limit }: RouteMarks): LimitClass {
  return limit ?? (isPublic ? 'none' : 'read');
}

/** Whether a route heeds an Idempotency-Key. */
export function takesKey({ keyRoute, takesKey: isTaken = false }: RouteMarks): boolean {
  return isTaken || keyRoute !== undefined;
}

function knownPathOf({ methods }: Entry): KnownPath {
  const marks = [...methods.values()];
  // OPTIONS is answered for every path, by the server's hook.
  const allowed = ORDER.filter((method) => method === 'OPTIONS' || methods.has(method));
  return {
    allow: allowed.join(', '),
    methods: new Set(allowed),
    isPublic: marks.some(({ isPublic }) => isPublic),
    anyAccept: marks.some(({ anyAccept }) => anyAccept),
    jsonOnly: marks.some(({ jsonOnly }) => jsonOnly),
  };
}

/** Escapes are undone as the router does; a path that cannot be is no path of ours. */
function decoded(path: string): string {
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
