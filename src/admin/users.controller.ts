import {
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { POSITION_KEY, positionKey } from '../database/numbered-lists.js';
import { IdempotencyKeyRequired } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { textReader } from '../fields/text-reader.js';
import { IdempotencyKey, markReplay } from '../http/idempotency-key.js';
import { Page, paginate, type PageRequest } from '../http/pagination.js';
import { QueryText } from '../http/query.js';
import { Access, CurrentPrincipal, AcceptsIdempotencyKey } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { CreditDto, type GrantedDto } from './admin.dto.js';
import { findUser } from './find-user.js';
import { NewUsers } from './new-users.js';
import { OperatorGrants } from './operator-grants.js';
import { OperatorsService } from './operators.service.js';
import { StaffGuard } from './staff.guard.js';
import { UserDocs } from './users.docs.js';
import {
  NewUserDto,
  UserChangeDto,
  reasonField,
  type CreatedUserDto,
  type UserDto,
  type UserPageDto,
} from './users.dto.js';

/** Lets operators list, create and change users, grant tokens to them, and end their sessions. */
@Controller('api/admin/users')
@UseGuards(StaffGuard)
export class AdminUsersController {
  constructor(
    private readonly operators: OperatorsService,
    private readonly newUsers: NewUsers,
    private readonly grants: OperatorGrants,
    private readonly users: UsersService,
    private readonly wallets: WalletService,
  ) {}

  @UserDocs.list()
  @Access('session')
  @Get()
  async list(
    @Page() pageRequest: PageRequest,
    @QueryText('search') search: string | undefined,
  ): Promise<UserPageDto> {
    const text = readSearch(search) ?? '';
    const page = await paginate(
      pageRequest,
      (keyset) => this.users.page(text, keyset),
      POSITION_KEY,
      positionKey,
    );
    return { ...page, results: await Promise.all(page.results.map((user) => this.toWire(user))) };
  }

  @UserDocs.create()
  @Access('session')
  @Post()
  async create(
    @CurrentPrincipal() { userId: operatorId }: Principal,
    @Payload() { username, email = '', password, reason = '' }: NewUserDto,
  ): Promise<CreatedUserDto> {
    const user = { username, email };
    const actor = { operatorId, reason };
    let token: string | null = null;
    if (password === undefined) token = await this.newUsers.create(user, actor);
    else await this.newUsers.createWithPassword({ ...user, password }, actor);
    const made = await this.toWire(await findUser(this.users, username));
    return Object.assign(made, { password_token: token });
  }

  @UserDocs.change()
  @Access('session')
  @Patch(':username')
  async change(
    @CurrentPrincipal() { userId: operatorId }: Principal,
    @Param('username') username: string,
    @Payload() { active: isActive, staff: isStaff, reason = '' }: UserChangeDto,
  ): Promise<UserDto> {
    const change = { isActive, isStaff };
    return this.toWire(await this.operators.change(username, change, { operatorId, reason }));
  }

  @UserDocs.grant()
  @Access('session')
  @AcceptsIdempotencyKey()
  @Post(':username/grants')
  async grant(
    @CurrentPrincipal() { userId }: Principal,
    @Param('username') username: string,
    @Payload() { amount, reason }: CreditDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GrantedDto> {
    if (idempotencyKey === undefined) throw new IdempotencyKeyRequired();
    const grant = { username, amount, reason, idempotencyKey };
    const { balance, isReplay } = await this.grants.grant(grant, userId);
    if (isReplay) markReplay(reply);
    return { tokens: amount, balance };
  }

  @UserDocs.endSessions()
  @Access('session')
  @Delete(':username/sessions')
  @HttpCode(204)
  async endSessions(
    @CurrentPrincipal() { userId: operatorId }: Principal,
    @Param('username') username: string,
    @QueryText('reason') reasonText: string | undefined,
  ): Promise<void> {
    const reason = readReason(reasonText) ?? '';
    await this.operators.endSessions(username, { operatorId, reason });
  }

  private async toWire(user: User): Promise<UserDto> {
    const { balance = 0, held = 0 } = (await this.wallets.findSummary(user.id)) ?? {};
    return {
      id: user.id,
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

/** Not all clients can send a body with DELETE, so its reason is in the query. */
const readReason = textReader('reason', reasonField);

/** No length limit: a text that is longer than any name finds no users. */
const readSearch = textReader('search', { optional: true, mayBeBlank: true, whiteSpace: 'keep' });
