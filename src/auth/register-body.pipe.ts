import { Injectable } from '@nestjs/common';
import { BodyPipe } from '../fields/body.pipe.js';
import { isLongerThan, tooLong } from '../fields/text-field.js';
import { UsersService } from '../users/users.service.js';
import { USERNAME_MAX, type RegisterDto } from './auth.dto.js';
import { USERNAME_TAKEN } from './registration.service.js';

/** Also tells that a username is taken, beside whatever else is wrong, as the reference does. */
@Injectable()
export class RegisterBodyPipe extends BodyPipe {
  constructor(private readonly users: UsersService) {
    super();
  }

  protected override async alsoCheck(
    dto: RegisterDto,
    errors: Record<string, string[]>,
  ): Promise<Record<string, string[]>> {
    const fault = errors['username'] ? undefined : await this.faultOf(dto.username);
    return fault === undefined ? errors : { username: [fault], ...errors };
  }

  /** NFKC writes `ﬃ` as three letters, and the name is kept in NFKC. */
  private async faultOf(username: string): Promise<string | undefined> {
    if (isLongerThan(username.normalize('NFKC'), USERNAME_MAX)) return tooLong(USERNAME_MAX);
    return (await this.users.findByUsername(username)) ? USERNAME_TAKEN : undefined;
  }
}
