import { ApiSchema } from '@nestjs/swagger';
import { OutputText } from '../../fields/field-docs.js';
import { TextField } from '../../fields/text-field.js';

const JWT = { pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$' };

/** The body of a JWT login. */
export class JwtCredentialsDto {
  @TextField({ docs: { description: 'The username, in upper or lower case.', examples: ['ada'] } })
  username!: string;

  @TextField({
    whiteSpace: 'notAlone',
    docs: {
      description: 'The password as registered.',
      format: 'password',
      examples: ['strongpassword123'],
    },
  })
  password!: string;
}

export class JwtRefreshDto {
  @TextField({ docs: { description: 'The newest refresh token of a session.' } })
  refresh!: string;
}

/** An access or a refresh token. */
export class JwtVerifyDto {
  @TextField({ docs: { description: 'An access or a refresh token.' } })
  token!: string;
}

/** Two JWTs of one session. */
export class JwtPairDto {
  @OutputText('Exchange it for the next pair. It can be used once, within a day.', JWT)
  readonly refresh!: string;

  @OutputText('Send it as `Authorization: Bearer <access>`. Valid for 5 minutes.', JWT)
  readonly access!: string;
}

/** The result of a refresh. */
export class JwtRefreshedDto {
  @OutputText('Send it as `Authorization: Bearer <access>`. Valid for 5 minutes.', JWT)
  readonly access!: string;

  @OutputText('Exchange it for the next pair. Absent with `JWT_ROTATE=off`.', {
    ...JWT,
    required: false,
  })
  readonly refresh?: string;
}

@ApiSchema({ description: 'Empty. Only the status matters.' })
export class NothingDto {}
