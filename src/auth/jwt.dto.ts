import { TextField } from '../http/fields.js';

/** What a JWT login sends. */
export class JwtCredentialsDto {
  @TextField()
  username!: string;

  @TextField({ whiteSpace: 'keep' })
  password!: string;
}

export class JwtRefreshDto {
  @TextField()
  refresh!: string;
}

/** An access or a refresh token. */
export class JwtVerifyDto {
  @TextField()
  token!: string;
}
