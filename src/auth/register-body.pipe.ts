import { Injectable } from '@nestjs/common';
import { BodyPipe } from '../http/body.pipe.js';
import { UsersService } from '../users/users.service.js';
import type { RegisterDto } from './auth.dto.js';
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
    if (errors['username'] || !(await this.users.findByUsername(dto.username))) return errors;
    return { username: [USERNAME_TAKEN], ...errors };
  }
}
