import { Controller, Delete, Get, HttpCode, Patch } from '@nestjs/common';
import { normalizeEmail } from '../auth/email.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { Payload } from '../fields/body.pipe.js';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { AccountDeletion } from './account-deletion.js';
import { DeletionDto, MeChangeDto, type MeDto } from './accounts.dto.js';
import { AccountDocs } from './accounts.docs.js';
import { PasswordLinks } from './password-links.js';
import { PasswordsService } from './passwords.service.js';

/** The caller's own account. */
@Controller('api/me')
export class MeController {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly links: PasswordLinks,
    private readonly deletion: AccountDeletion,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @AccountDocs.read()
  @Access('session')
  @Get()
  async read(@CurrentPrincipal() { userId }: Principal): Promise<MeDto> {
    return toWire(await this.passwords.requireUser(userId));
  }

  /** Changes the address. Links that were sent to the old address become invalid. */
  @AccountDocs.change()
  @Access('session')
  @Patch()
  async change(
    @CurrentPrincipal() { userId }: Principal,
    @Payload() { email: given }: MeChangeDto,
  ): Promise<MeDto> {
    const user = await this.passwords.requireUser(userId);
    const email = given === undefined ? user.email : normalizeEmail(given);
    if (email !== user.email) {
      await this.unitOfWork.run(async (tx) => {
        await this.users.setEmail(tx, userId, email);
        await this.links.endAll(tx, userId);
      });
    }
    return toWire(Object.assign(user, { email }));
  }

  @AccountDocs.remove()
  @Access('session', { limit: 'password' })
  @Delete()
  @HttpCode(204)
  async remove(
    @CurrentPrincipal() { userId }: Principal,
    @Payload() { password }: DeletionDto,
  ): Promise<void> {
    await this.deletion.remove(userId, password);
  }
}

const toWire = ({ id, username, email, isStaff, createdAt }: User): MeDto => ({
  id,
  username,
  email,
  is_staff: isStaff,
  created_at: toIso(createdAt),
});
