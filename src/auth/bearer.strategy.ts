import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-http-bearer';
import type { Principal } from '../principal.js';
import { Authenticator } from './authenticator.js';
import { readAuthorization, type Credentials } from './authorization-header.js';

/** What passport-http-bearer is shown of a request: one clean header, no query and no body. */
type CleanRequest = Credentials & { readonly headers: { readonly authorization: string } };

/**
 * passport-http-bearer knows one scheme and also takes credentials from the query and the body, which
 * leaks them into logs. So the header is read here, and the strategy is shown that alone.
 */
@Injectable()
export class BearerStrategy extends PassportStrategy(Strategy, 'bearer') {
  constructor(private readonly authenticator: Authenticator) {
    super({ passReqToCallback: true });
  }

  override authenticate(request: FastifyRequest): void {
    try {
      const credentials = readAuthorization(request.raw);
      const headers = { authorization: `Bearer ${credentials.secret}` };
      super.authenticate({ ...credentials, headers } satisfies CleanRequest);
    } catch (error) {
      this.error(error);
    }
  }

  validate({ scheme, secret }: CleanRequest): Promise<Principal> {
    return this.authenticator.authenticate({ scheme, secret });
  }
}
