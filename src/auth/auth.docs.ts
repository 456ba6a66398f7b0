import { RegistrationClosed, TooManyLogins, ValidationFailed } from '../errors.js';
import { describeRoute } from '../openapi/route-docs.js';
import { LoggedInDto, LoginDto, RegisterDto, RegisteredDto } from './auth.dto.js';
import { LOGIN_REFUSED } from './login.service.js';
import { USERNAME_TAKEN } from './user-creation.js';

const ADA = { username: 'ada', password: 'strongpassword123' };
const busy = new TooManyLogins();

export const AuthDocs = {
  register: () =>
    describeRoute({
      id: 'register',
      tag: 'Accounts',
      summary: 'Register',
      description: 'Creates a user, a wallet with its opening grant, and an access token.',
      body: {
        type: RegisterDto,
        examples: {
          ada: { summary: 'A new user', value: { ...ADA, email: 'ada@example.com' } },
          grace: {
            summary: 'Without an e-mail address',
            value: { username: 'grace', password: 'anotherpassword456' },
          },
        },
      },
      answers: { 201: { description: 'Registered.', type: RegisteredDto } },
      errors: [
        new ValidationFailed({ username: [USERNAME_TAKEN] }),
        new ValidationFailed({ password: ['This password is too common.'] }),
        new RegistrationClosed(),
        busy,
      ],
    }),

  login: () =>
    describeRoute({
      id: 'logIn',
      tag: 'Accounts',
      summary: 'Log in',
      description: 'Creates a new access token. Earlier tokens stay valid.',
      body: { type: LoginDto, examples: { ada: { summary: 'The registered user', value: ADA } } },
      answers: { 200: { description: 'Logged in.', type: LoggedInDto } },
      errors: [new ValidationFailed({ non_field_errors: [LOGIN_REFUSED] }), busy],
    }),

  logout: () =>
    describeRoute({
      id: 'logOut',
      tag: 'Your account',
      summary: 'Log out',
      description: 'Revokes only the credential of this request.',
      answers: { 204: { description: 'The credential is no longer valid.' } },
    }),
};
