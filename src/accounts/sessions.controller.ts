import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { SessionsService } from '../auth/sessions.service.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { UUID } from '../http/ids.js';
import { Page, paginate, type PageRequest } from '../http/pagination.js';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import { AccountDocs } from './accounts.docs.js';
import type { SessionPageDto } from './accounts.dto.js';

/** Lists and ends the caller's sessions. */
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @AccountDocs.sessions()
  @Access('session')
  @Get()
  async list(
    @CurrentPrincipal() { userId, credentialId }: Principal,
    @Page() pageRequest: PageRequest,
  ): Promise<SessionPageDto> {
    const page = await paginate(
      pageRequest,
      (keyset) => this.sessions.page(userId, keyset),
      UUID,
      ({ id }) => id,
    );
    const results = page.results.map(({ id, kind, createdAt, lastUsedAt }) => ({
      id,
      kind,
      current: id === credentialId,
      created_at: toIso(createdAt),
      last_used_at: toIso(lastUsedAt),
    }));
    return { ...page, results };
  }

  @AccountDocs.endSession()
  @Access('session')
  @Delete(':id')
  @HttpCode(204)
  async end(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<void> {
    await this.unitOfWork.run((tx) => this.sessions.end(tx, userId, id));
  }

  @AccountDocs.endOtherSessions()
  @Access('session')
  @Delete()
  @HttpCode(204)
  async endOthers(@CurrentPrincipal() { userId, credentialId }: Principal): Promise<void> {
    await this.unitOfWork.run((tx) => this.sessions.endAll(tx, userId, credentialId));
  }
}
