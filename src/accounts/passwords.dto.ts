import { ApiSchema } from '@nestjs/swagger';
import { passwordField } from '../auth/auth.dto.js';
import { USERNAME_MAX } from '../auth/username.js';
import { TextField } from '../fields/text-field.js';

const EMAIL_MAX = 254;
const TOKEN_MAX = 100;

export class PasswordChangeDto {
  @TextField({
    whiteSpace: 'keep',
    docs: { description: 'As registered.', format: 'password', examples: ['strongpassword123'] },
  })
  current_password!: string;

  @TextField(passwordField)
  new_password!: string;
}

/** The user who forgot the password: a username or an email address. */
export class ResetRequestDto {
  @TextField({
    optional: true,
    blankIsNothing: true,
    maxCodePoints: USERNAME_MAX,
    docs: { description: 'In any case.', examples: ['ada'] },
  })
  username?: string;

  @TextField({
    optional: true,
    blankIsNothing: true,
    maxCodePoints: EMAIL_MAX,
    docs: { description: 'As it was given.', examples: ['ada@example.com'] },
  })
  email?: string;
}

export class ResetConfirmDto {
  @TextField({
    maxCodePoints: TOKEN_MAX,
    docs: { description: 'What follows `#password-reset=` in the link.' },
  })
  token!: string;

  @TextField(passwordField)
  new_password!: string;
}

@ApiSchema({ description: 'Empty, whether there is such a user or not.' })
export class AcceptedDto {}
