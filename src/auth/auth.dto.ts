import { TextField } from '../http/fields.js';
import { isEmail } from './email.js';

const USERNAME_MAX = 150;
const EMAIL_MAX = 254;
const PASSWORD_MAX = 128;

/** Must hold for the name as stored, too: NFKC makes of `⑴` three characters, two of them not allowed. */
const usernameRule = {
  test: (text: string) =>
    [text, text.normalize('NFKC')].every((form) => /^[\p{L}\p{N}_.@+-]*$/u.test(form)),
  message:
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
};
const emailMessage = 'Enter a valid email address.';

/** What registration sends. `password` is taken as it is; Django's rules for it come after these. */
export class RegisterDto {
  @TextField({ maxCodePoints: USERNAME_MAX, rule: usernameRule })
  username!: string;

  @TextField({ maxCodePoints: PASSWORD_MAX, whiteSpace: 'notAlone' })
  password!: string;

  @TextField({
    optional: true,
    mayBeBlank: true,
    maxCodePoints: EMAIL_MAX,
    typeMessage: emailMessage,
    ruleAfterLength: { test: isEmail, message: emailMessage },
  })
  email?: string;
}

/** What a login sends; no limits, so that no answer tells what a password may look like. */
export class LoginDto {
  @TextField()
  username!: string;

  @TextField({ whiteSpace: 'keep' })
  password!: string;
}
