import type { IncomingMessage } from 'node:http';
import { AuthenticationFailed, BadRequest, BearerRefused, NotAuthenticated } from '../errors.js';

/** A credential as it was presented. The scheme decides only in which words a refusal is told. */
export interface Credentials {
  readonly scheme: 'token' | 'bearer';
  readonly secret: string;
}

function headerCount(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && /^authorization$/i.test(name))
    .length;
}

/**
 * Reads `Authorization: Token <secret>` or `Bearer <secret>`; the scheme in any case, any spaces between.
 * Only the header counts: a credential in a URL ends in logs. Throws 401 in the words of the scheme's
 * own framework, or 400 where the header came twice, for then two readers may see two callers.
 */
export function readAuthorization(request: IncomingMessage): Credentials {
  const header = request.headers.authorization;
  if (header === undefined) throw new NotAuthenticated();
  if (headerCount(request.rawHeaders) > 1) throw new BadRequest('Two Authorization headers.');
  const [name = '', secret, ...rest] = header.trim().split(/[ \t]+/);
  const scheme = name.toLowerCase();
  if (scheme === 'token') return { scheme, secret: readTokenSecret(secret, rest) };
  if (scheme === 'bearer') return { scheme, secret: readBearerSecret(secret, rest) };
  throw new NotAuthenticated();
}

/** The sentences are Django REST framework's `TokenAuthentication`. */
function readTokenSecret(secret: string | undefined, rest: readonly string[]): string {
  const say = (what: string) => new AuthenticationFailed(`Invalid token header. ${what}`);
  if (secret === undefined) throw say('No credentials provided.');
  if (rest.length > 0) throw say('Token string should not contain spaces.');
  if (!/^[\x21-\x7e]+$/.test(secret)) {
    throw say('Token string should not contain invalid characters.');
  }
  return secret;
}

/** The sentence is SimpleJWT's. */
function readBearerSecret(secret: string | undefined, rest: readonly string[]): string {
  if (secret !== undefined && rest.length === 0) return secret;
  throw new BearerRefused(
    'Authorization header must contain two space-delimited values',
    'bad_authorization_header',
  );
}
