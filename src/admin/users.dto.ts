import { emailField, passwordField, usernameField } from '../auth/auth.dto.js';
import { BooleanField } from '../fields/boolean-field.js';
import { ShownBoolean, ShownId, ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';
import { TextField, type TextFieldRules } from '../fields/text-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { REASON_MAX } from './reason-max.js';

/** The reason for a change, where it may be left out. */
export const reasonField: TextFieldRules = {
  optional: true,
  mayBeBlank: true,
  maxCodePoints: REASON_MAX,
  docs: { description: 'Why. Kept in the trail.', examples: ['asked for by mail'] },
};

/** A user that an operator creates. */
export class NewUserDto {
  @TextField({
    ...usernameField,
    docs: { description: 'As for registering.', examples: ['dorothy'] },
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
    docs: { description: 'Whether the user may use the API at all.' },
  })
  active?: boolean;

  @BooleanField({ optional: true, docs: { description: 'Whether the user is an operator.' } })
  staff?: boolean;

  @TextField(reasonField)
  reason?: string;
}

/** A user, as operators see it. */
export class UserDto {
  @ShownId('The user. `id:` and this stands for the username in paths and commands.')
  readonly id!: string;

  @ShownText('As registered.', { examples: ['grace'] })
  readonly username!: string;

  @ShownText('Empty where none was given.', { examples: ['grace@example.com'] })
  readonly email!: string;

  @ShownBoolean('Whether the user may use the API at all.')
  readonly active!: boolean;

  @ShownBoolean('Whether the user is an operator.')
  readonly staff!: boolean;

  @ShownInteger('The sum of all ledger entries.', { examples: [4000] })
  readonly balance!: number;

  @ShownInteger('What is set aside for answers under way.', { examples: [0] })
  readonly held!: number;

  @ShownTime('When the user registered.')
  readonly created_at!: string;
}

export class UserPageDto extends PageOf(UserDto) {}

/** A user who was just created. */
export class CreatedUserDto extends UserDto {
  @ShownText(
    'By it the user sets a password, within an hour and once. Shown once; null where a password was given.',
    { nullable: true, examples: ['pC6yJtYkq3m0u0QF1ysk8Tq2mB9c4aZ7wE5dR6hLx2A'] },
  )
  readonly password_token!: string | null;
}
