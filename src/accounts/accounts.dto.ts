import { emailField } from '../auth/auth.dto.js';
import { OutputBoolean, OutputId, OutputText, OutputTime } from '../fields/field-docs.js';
import { TextField } from '../fields/text-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { currentPasswordField } from './passwords.dto.js';

/** The fields that users may change in their own account. Other fields are ignored. */
export class MeChangeDto {
  @TextField(emailField)
  email?: string;
}

export class DeletionDto {
  @TextField(currentPasswordField)
  password!: string;
}

/** A user's own account. */
export class MeDto {
  @OutputId('The user.')
  readonly id!: string;

  @OutputText('The username as registered.', { examples: ['ada'] })
  readonly username!: string;

  @OutputText('The email address. Empty if none was given.', { examples: ['ada@example.com'] })
  readonly email!: string;

  @OutputBoolean('Whether the user is an operator.')
  readonly is_staff!: boolean;

  @OutputTime('When the user registered.')
  readonly created_at!: string;
}

class SessionDto {
  @OutputId('The session.')
  readonly id!: string;

  @OutputText('An access token, or the JWTs of one login.', { enum: ['access_token', 'jwt'] })
  readonly kind!: string;

  @OutputBoolean('Whether this request uses this session.')
  readonly current!: boolean;

  @OutputTime('When it began.')
  readonly created_at!: string;

  @OutputTime('When it was last used, to the hour. For JWTs, when they were last refreshed.')
  readonly last_used_at!: string;
}

export class SessionPageDto extends PageOf(SessionDto) {}
