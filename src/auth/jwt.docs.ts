import type { LinksObject } from '@nestjs/swagger';
import { JwtRefused, TooManyLogins } from '../errors.js';
import { describeRoute } from '../openapi/route-docs.js';
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
    description: 'Whether the new token serves.',
  },
  refreshJwt: {
    operationId: 'refreshJwt',
    requestBody: refresh,
    description: 'The next pair.',
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
      description: 'An access token for 5 minutes, and a refresh token for a day.',
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
      summary: 'Ask whether a JWT is good',
      description:
        'By its signature, its time, and whether its session has ended. Whether its user has been deactivated is not asked: then it is good, and opens nothing.',
      body: { type: JwtVerifyDto, examples: {} },
      answers: { 200: { description: 'It is.', type: NothingDto } },
      errors: [notValid],
    }),

  refresh: () =>
    describeRoute({
      id: 'refreshJwt',
      tag: 'JWT',
      summary: 'Turn a refresh token into the next pair',
      description:
        'A refresh token serves once, and again for `JWT_REFRESH_GRACE_SECONDS`: then it is answered with the same successor. Used after that, it ends its session. With `JWT_ROTATE=off` it serves until it expires, and only `access` is answered.',
      body: { type: JwtRefreshDto, examples: {} },
      answers: { 200: { description: 'The next pair.', type: JwtRefreshedDto, links: END } },
      errors: [notValid, wrongType, inactive],
    }),

  blacklist: () =>
    describeRoute({
      id: 'blacklistJwt',
      tag: 'JWT',
      summary: 'End the session of a refresh token',
      description: 'No JWT of the session serves any more.',
      body: { type: JwtRefreshDto, examples: {} },
      answers: { 200: { description: 'Ended.', type: NothingDto } },
      errors: [notValid, wrongType],
    }),
};
