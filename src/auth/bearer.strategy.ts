import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-http-bearer';
import type { Principal } from '../principal.js';
import { Authenticator } from './authenticator.js';
import { readAuthorization, type Credentials } from './authorization-header.js';

/** The part of a request that passport-http-bearer sees: one clean header, no query and no body. */
type CleanRequest = Credentials & { readonly headers: { readonly authorization: string } };

/**
 * passport-http-bearer supports only one scheme, and also accepts credentials from the query and the body,
 * which leaks them into logs. So this class reads the header itself and passes only that to the strategy.
 */
@Injectable()
export class BearerStrategy extends PassportStrategy(Strategy, 'bearer') {
  constructor(private readonly authenticator: Authenticator) {
    super({ passReqToCallback: true });
  }

  override authenticate(request: FastifyRequest): void {
    try {
      const { scheme, secret } = readAuthorization(request.raw);
      const headers = { authorization: `Bearer ${secret}` };
      super.authenticate({ scheme, secret, headers } satisfies CleanRequest);
    } catch (error) {
      this.error(error);
    }
  }

  validate({ scheme, secret }: CleanRequest): Promise<Principal> {
    return this.authenticator.authenticate({ scheme, secret });
  }
}
