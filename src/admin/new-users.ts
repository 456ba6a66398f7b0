import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PasswordLinks } from '../accounts/password-links.js';
import { UserCreation, type NewUser } from '../auth/user-creation.js';
import { ValidationFailed } from '../errors.js';
import { TrailService, type Actor } from './trail.service.js';

const UNUSED_PASSWORD_BYTES = 32;

/** Creates users for operators. */
@Injectable()
export class NewUsers {
  constructor(
    private readonly creation: UserCreation,
    private readonly links: PasswordLinks,
    private readonly trail: TrailService,
  ) {}

  /**
   * Creates a user with a wallet, even if registration is closed, and returns a token. The user sets a
   * password with it; until then no password is valid. Throws `ValidationFailed` as registration does.
   */
  async create(user: Omit<NewUser, 'password'>, actor: Actor): Promise<string> {
    await this.assertNameFree(user.username);
    const password = randomBytes(UNUSED_PASSWORD_BYTES).toString('base64url');
    return this.creation.create(
      { ...user, password },
      () => 'known',
      async (tx, id) => {
        const token = await this.links.issue(tx, id);
        await this.trail.add(tx, actor, 'create_user', id);
        return token;
      },
    );
  }

  /** Creates a user with a password. Throws `ValidationFailed` as registration does. */
  async createWithPassword(user: NewUser, actor: Actor): Promise<void> {
    await this.assertNameFree(user.username);
    await this.creation.create(
      user,
      () => 'known',
      (tx, id) => this.trail.add(tx, actor, 'create_user', id),
    );
  }

  private async assertNameFree(username: string): Promise<void> {
    const fault = await this.creation.nameFault(username);
    if (fault !== undefined) throw new ValidationFailed({ username: [fault] });
  }
}
