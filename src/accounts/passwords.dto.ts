import { ApiSchema } from '@nestjs/swagger';
import { EMAIL_MAX, passwordField } from '../auth/auth.dto.js';
import { USERNAME_MAX } from '../auth/username.js';
import { TextField, type TextFieldRules } from '../fields/text-field.js';

const TOKEN_MAX = 100;

/** The caller's own password, for a change that a stolen session must not make. It is never trimmed. */
export const currentPasswordField: TextFieldRules = {
  whiteSpace: 'keep',
  docs: {
    description: 'The current password.',
    format: 'password',
    examples: ['strongpassword123'],
  },
};

export class PasswordChangeDto {
  @TextField(currentPasswordField)
  current_password!: string;

  @TextField(passwordField)
  new_password!: string;
}

/** The user who forgot the password: a username or an email address. */
export class ResetRequestDto {
  @TextField({
    optional: true,
    isBlankMissing: true,
    maxCodePoints: USERNAME_MAX,
    docs: { description: 'The username, in upper or lower case.', examples: ['ada'] },
  })
  username?: string;

  @TextField({
    optional: true,
    isBlankMissing: true,
    maxCodePoints: EMAIL_MAX,
    docs: {
      description: 'The email address of the account, as registered or in lower case.',
      examples: ['ada@example.com'],
    },
  })
  email?: string;
}

export class ResetConfirmDto {
  @TextField({
    maxCodePoints: TOKEN_MAX,
    docs: { description: 'The part of the link after `#password-reset=`.' },
  })
  token!: string;

  @TextField(passwordField)
  new_password!: string;
}

@ApiSchema({ description: 'Empty, even if there is no such user.' })
export class AcceptedDto {}
