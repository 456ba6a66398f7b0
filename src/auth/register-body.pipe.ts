import { Injectable } from '@nestjs/common';
import { BodyPipe } from '../fields/body.pipe.js';
import type { RegisterDto } from './auth.dto.js';
import { UserCreation } from './user-creation.js';

/**
 * Also reports a taken username, together with all other errors, as the reference does. The reference refuses
 * null for the email address too. Here null is reported only together with other errors; without any it means
 * no address.
 */
@Injectable()
export class RegisterBodyPipe extends BodyPipe {
  constructor(private readonly creation: UserCreation) {
    super();
  }

  protected override async addErrors(
    dto: RegisterDto,
    errors: Record<string, string[]>,
  ): Promise<Record<string, string[]>> {
    const fault = errors['username'] ? undefined : await this.creation.nameFault(dto.username);
    const all = fault === undefined ? errors : { username: [fault], ...errors };
    const isRefused = dto.email === null && Object.keys(all).length > 0;
    return isRefused ? { ...all, email: ['This field may not be null.'] } : all;
  }
}
