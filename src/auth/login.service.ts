import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { PasswordHasher } from './password-hasher.js';

/** Tells who a username and password belong to. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * The active user with this password; undefined alike for an unknown name, a wrong password and an
   * inactive user, after the same work. A hash made at an older cost is made anew.
   */
  async identify(username: string, password: string): Promise<User | undefined> {
    const user = await this.users.findByUsername(username);
    const matches = await this.hasher.verify(user?.passwordHash, password);
    if (!user || !matches || !user.isActive) return undefined;
    if (this.hasher.isOutdated(user.passwordHash)) {
      const passwordHash = await this.hasher.hash(password);
      await this.unitOfWork.run((tx) => this.users.changePasswordHash(tx, user.id, passwordHash));
    }
    return user;
  }
}
