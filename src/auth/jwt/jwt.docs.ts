import type { LinksObject } from '@nestjs/swagger';
import { JwtRefused, TooManyLogins } from '../../errors.js';
import { describeRoute } from '../../openapi/route-docs.js';
import {
  JwtCredentialsDto,
  JwtPairDto,
  JwtRefreshDto,
  JwtRefreshedDto,
  JwtVerifyDto,
  NothingDto,
} from './jwt.dto.js';

const notValid = new JwtRefused('Token is invalid or expired', 'token_not_valid');
const wrongType = new JwtRefused('Token has wrong type', 'token_not_valid');
const noAccount = new JwtRefused(
  'No active account found with the given credentials',
  'no_active_account',
);

const inactive = new JwtRefused(
  'No active account found for the given token.',
  'no_active_account',
);

/** An example cannot contain a valid JWT, so the document links to where a client gets one. */
const refresh = { refresh: '$response.body#/refresh' };
const LINKS: LinksObject = {
  verifyJwt: {
    operationId: 'verifyJwt',
    requestBody: { token: '$response.body#/access' },
    description: 'Checks whether the new token is valid.',
  },
  refreshJwt: {
    operationId: 'refreshJwt',
    requestBody: refresh,
    description: 'Returns the next pair.',
  },
};
const END: LinksObject = {
  blacklistJwt: {
    operationId: 'blacklistJwt',
    requestBody: refresh,
    description: 'Ends the session that the pair belongs to.',
  },
};

export const JwtDocs = {
  obtain: () =>
    describeRoute({
      id: 'obtainJwt',
      tag: 'JWT',
      summary: 'Log in for a pair of JWTs',
      description:
        'Returns an access token that is valid for 5 minutes, and a refresh token that is valid for a day.',
      body: {
        type: JwtCredentialsDto,
        examples: {
          ada: {
            summary: 'The registered user',
            value: { username: 'ada', password: 'strongpassword123' },
          },
        },
      },
      answers: { 200: { description: 'The pair.', type: JwtPairDto, links: LINKS } },
      errors: [noAccount, new TooManyLogins()],
    }),

  verify: () =>
    describeRoute({
      id: 'verifyJwt',
      tag: 'JWT',
      summary: 'Check whether a JWT is valid',
      description:
        'Checks its signature, its time, and whether its session has ended. Does not check whether the user is deactivated. The JWT of a deactivated user is valid here, but other routes refuse it.',
      body: { type: JwtVerifyDto, examples: {} },
      answers: { 200: { description: 'The JWT is valid.', type: NothingDto } },
      errors: [notValid],
    }),

  refresh: () =>
    describeRoute({
      id: 'refreshJwt',
      tag: 'JWT',
      summary: 'Exchange a refresh token for the next pair',
      description:
        'A refresh token can be used once. For `JWT_REFRESH_GRACE_SECONDS` after that, it returns the same successor again. A later use ends its session. With `JWT_ROTATE=off`, it can be used until it expires, and only `access` is returned.',
      body: { type: JwtRefreshDto, examples: {} },
      answers: { 200: { description: 'The next pair.', type: JwtRefreshedDto, links: END } },
      errors: [notValid, wrongType, inactive],
    }),

  blacklist: () =>
    describeRoute({
      id: 'blacklistJwt',
      tag: 'JWT',
      summary: 'End the session of a refresh token',
      description: 'No JWT of the session is valid after this.',
      body: { type: JwtRefreshDto, examples: {} },
      answers: { 200: { description: 'The session has ended.', type: NothingDto } },
      errors: [notValid, wrongType],
    }),
};
