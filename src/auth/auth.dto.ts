import { isLongerThan, tooLong } from '../drf/text.js';
import { OutputText } from '../fields/field-docs.js';
import { TextField, type TextFieldRules } from '../fields/text-field.js';
import { isEmail } from './email.js';
import { normalizePassword } from './passwords/password-forms.js';
import { PASSWORD_MIN } from './passwords/password-rules.js';
import { USERNAME_MAX, usernameRule } from './username.js';

/** Maximum length of an address in code points, as in Django. */
export const EMAIL_MAX = 254;
const PASSWORD_MAX = 128;

const emailMessage = 'Enter a valid email address.';

/** A username to register. */
export const usernameField: TextFieldRules = {
  maxCodePoints: USERNAME_MAX,
  rule: usernameRule,
  docs: {
    description:
      'Letters, digits and `@.+-_`. Must be unique. Upper and lower case count as equal.',
    examples: ['ada'],
  },
};

/**
 * A password to set. Django's rules are checked after these. Its length is also counted in normal form, so a
 * keyboard that writes `ä` as two characters does not get a shorter limit.
 */
export const passwordField: TextFieldRules = {
  whiteSpace: 'notAlone',
  rule: {
    test: (typed) =>
      !isLongerThan(typed, PASSWORD_MAX) || !isLongerThan(normalizePassword(typed), PASSWORD_MAX),
    message: tooLong(PASSWORD_MAX),
  },
  docs: {
    description:
      'Never trimmed. Must not be similar to the username, a common password, or only digits.',
    format: 'password',
    minLength: PASSWORD_MIN,
    maxLength: PASSWORD_MAX,
    examples: ['strongpassword123'],
  },
};

/** An email address, or an empty text. */
export const emailField: TextFieldRules = {
  optional: true,
  mayBeBlank: true,
  maxCodePoints: EMAIL_MAX,
  typeMessage: emailMessage,
  ruleAfterLength: { test: isEmail, message: emailMessage },
  docs: { description: 'May be empty.', format: 'email', examples: ['ada@example.com'] },
};

/** The body of a registration. `password` is not trimmed. Django's rules for it are checked after these. */
export class RegisterDto {
  @TextField(usernameField)
  username!: string;

  @TextField(passwordField)
  password!: string;

  @TextField({ ...emailField, mayBeNull: true })
  email?: string | null;
}

/** The body of a login. It has no limits, so that no response shows what a password may look like. */
export class LoginDto {
  @TextField({ docs: { description: 'The username, in upper or lower case.', examples: ['ada'] } })
  username!: string;

  @TextField({
    whiteSpace: 'keep',
    docs: {
      description: 'The password as registered.',
      format: 'password',
      examples: ['strongpassword123'],
    },
  })
  password!: string;
}

const ACCESS_TOKEN = {
  pattern: '^[0-9a-f]{40}$',
  examples: ['9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b'],
};

/** The credential of a new user. */
export class RegisteredDto {
  @OutputText('Always this sentence.', { enum: ['User registered successfully'] })
  readonly message!: string;

  @OutputText('Send it as `Authorization: Token <token>`. Shown only once.', ACCESS_TOKEN)
  readonly token!: string;
}

/** A new credential of a user. */
export class LoggedInDto {
  @OutputText('Send it as `Authorization: Token <token>`. Shown only once.', ACCESS_TOKEN)
  readonly token!: string;
}
