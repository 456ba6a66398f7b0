import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { AuthenticationFailed, BearerRefused, NotAuthenticated } from '../errors.js';

/** A credential as it was sent. The scheme only decides the words of a refusal. */
export interface Credentials {
  readonly scheme: 'token' | 'bearer';
  readonly secret: string;
}

/**
 * Reads `Authorization: Token <secret>` or `Bearer <secret>`, with the scheme in any case and any spaces
 * between. Only the header is read, because a credential in a URL ends up in logs. Throws a 401 with the
 * sentence of the framework that defines the scheme.
 */
export function readAuthorization(request: IncomingMessage): Credentials {
  const header = request.headers.authorization;
  if (header === undefined) throw new NotAuthenticated();
  const [name = '', secret, ...rest] = header.split(/[ \t]+/).filter((word) => word !== '');
  const scheme = name.toLowerCase();
  if (scheme === 'token') return { scheme, secret: readTokenSecret(secret, rest) };
  if (scheme === 'bearer') return { scheme, secret: readBearerSecret(secret, rest) };
  throw new NotAuthenticated();
}

/** The sentences are those of Django REST framework's `TokenAuthentication`. */
function readTokenSecret(secret: string | undefined, rest: readonly string[]): string {
  const say = (what: string) => new AuthenticationFailed(`Invalid token header. ${what}`);
  if (secret === undefined) throw say('No credentials provided.');
  if (rest.length > 0) throw say('Token string should not contain spaces.');
  if (!isUtf8(Buffer.from(secret, 'latin1'))) {
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
