import { Controller, Get, Param, Patch, Post, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { toIso } from '../time.js';
import { IdempotencyKeyRequired } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { IdempotencyKey, markReplay } from '../http/idempotency-key.js';
import { Page, UUID_KEY, paginate, type PageRequest } from '../http/pagination.js';
import { QueryText } from '../http/query.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { AdminDocs } from './admin.docs.js';
import {
  CreditDto,
  UserChangeDto,
  type CodeDto,
  type GrantedDto,
  type UserDto,
  type UserPageDto,
} from './admin.dto.js';
import { OperatorsService } from './operators.service.js';
import { StaffGuard } from './staff.guard.js';

/** For operators alone. */
@Controller('api/admin')
@UseGuards(StaffGuard)
export class AdminController {
  constructor(
    private readonly operators: OperatorsService,
    private readonly users: UsersService,
    private readonly wallets: WalletService,
  ) {}

  @AdminDocs.list()
  @Get('users')
  async list(@Page() asked: PageRequest, @QueryText('search') search: string | undefined): Promise<UserPageDto> {
    const page = await paginate(
      asked,
      (keyset) => this.users.page(search ?? '', keyset),
      UUID_KEY,
      (user) => user.id,
    );
    return { ...page, results: await Promise.all(page.results.map((user) => this.toWire(user))) };
  }

  @AdminDocs.change()
  @Patch('users/:username')
  async change(
    @Param('username') username: string,
    @Payload() { active }: UserChangeDto,
  ): Promise<UserDto> {
    return this.toWire(await this.operators.setActive(username, active));
  }

  @AdminDocs.grant()
  @Post('users/:username/grants')
  async grant(
    @Param('username') username: string,
    @Payload() { amount, reason }: CreditDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GrantedDto> {
    if (idempotencyKey === undefined) throw new IdempotencyKeyRequired();
    const grant = { username, amount, reason, idempotencyKey };
    const { balance, isReplay } = await this.operators.grant(grant);
    if (isReplay) markReplay(reply);
    return { tokens: amount, balance };
  }

  @AdminDocs.code()
  @Post('codes')
  async code(@Payload() { amount, reason }: CreditDto): Promise<CodeDto> {
    return { code: await this.operators.makeCode(amount, reason), tokens: amount };
  }

  private async toWire(user: User): Promise<UserDto> {
    const { balance, held } = await this.wallets.summary(user.id);
    return {
      username: user.username,
      email: user.email,
      active: user.isActive,
      staff: user.isStaff,
      balance,
      held,
      created_at: toIso(user.createdAt),
    };
  }
}
