import { emailField, passwordField, usernameField } from '../auth/auth.dto.js';
import { BooleanField } from '../fields/boolean-field.js';
import {
  OutputBoolean,
  OutputId,
  OutputInteger,
  OutputText,
  OutputTime,
} from '../fields/field-docs.js';
import { TextField, type TextFieldRules } from '../fields/text-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { REASON_MAX } from './reason-max.js';

/** The reason for a change, where it may be left out. */
export const reasonField: TextFieldRules = {
  optional: true,
  mayBeBlank: true,
  maxCodePoints: REASON_MAX,
  docs: { description: 'The reason. The trail stores it.', examples: ['asked for by mail'] },
};

/** A user that an operator creates. */
export class NewUserDto {
  @TextField({
    ...usernameField,
    docs: { description: 'The same rules as for a registration.', examples: ['dorothy'] },
  })
  username!: string;

  @TextField({ ...passwordField, optional: true })
  password?: string;

  @TextField(emailField)
  email?: string;

  @TextField(reasonField)
  reason?: string;
}

/** The fields of a user that an operator may change. A field that is missing is not changed. */
export class UserChangeDto {
  @BooleanField({
    optional: true,
    docs: { description: 'Whether the user may use the API.' },
  })
  active?: boolean;

  @BooleanField({ optional: true, docs: { description: 'Whether the user is an operator.' } })
  staff?: boolean;

  @TextField(reasonField)
  reason?: string;
}

/** A user, as operators see it. */
export class UserDto {
  @OutputId('The user. In paths and commands, `id:<this>` can replace the username.')
  readonly id!: string;

  @OutputText('The username as registered.', { examples: ['grace'] })
  readonly username!: string;

  @OutputText('The email address. Empty if none was given.', { examples: ['grace@example.com'] })
  readonly email!: string;

  @OutputBoolean('Whether the user may use the API.')
  readonly active!: boolean;

  @OutputBoolean('Whether the user is an operator.')
  readonly staff!: boolean;

  @OutputInteger('The sum of all ledger entries.', { examples: [4000] })
  readonly balance!: number;

  @OutputInteger('The tokens that are held for answers in progress.', { examples: [0] })
  readonly held!: number;

  @OutputTime('When the user registered.')
  readonly created_at!: string;
}

export class UserPageDto extends PageOf(UserDto) {}

/** A user who was just created. */
export class CreatedUserDto extends UserDto {
  @OutputText(
    'The user sets a password with it, once and within an hour. Shown only once. Null if a password was given.',
    { nullable: true, examples: ['pC6yJtYkq3m0u0QF1ysk8Tq2mB9c4aZ7wE5dR6hLx2A'] },
  )
  readonly password_token!: string | null;
}
