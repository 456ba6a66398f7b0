import { Controller, Get, Post, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { POSITION_KEY, positionKey } from '../database/numbered-lists.js';
import { Payload } from '../fields/body.pipe.js';
import { IdempotencyKey, markReplay } from '../http/idempotency-key.js';
import { Page, paginate, type PageRequest } from '../http/pagination.js';
import { disconnectSignal } from '../http/event-stream.js';
import { Access, CurrentPrincipal, AcceptsIdempotencyKey } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import { UsageBy } from '../usage/usage-query.js';
import type { UsageRow } from '../usage/usage-groups.js';
import { dayLabel } from '../usage/usage.service.js';
import { AdminDocs } from './admin.docs.js';
import {
  CreditDto,
  type CodeDto,
  type TrailEntryDto,
  type TrailPageDto,
  type UsageOfAllDto,
} from './admin.dto.js';
import { KeyedCodes } from './keyed-codes.js';
import { OperatorCodes } from './operator-codes.js';
import { StaffGuard } from './staff.guard.js';
import { TrailService, type TrailRow } from './trail.service.js';
import { CHOICES_OF_ALL, UsageOfAll, type QueryOfAll } from './usage-of-all.js';

/** For operators only: makes codes, and reads the usage of all users and the trail. */
@Controller('api/admin')
@UseGuards(StaffGuard)
export class AdminController {
  constructor(
    private readonly codes: OperatorCodes,
    private readonly keyedCodes: KeyedCodes,
    private readonly sums: UsageOfAll,
    private readonly trailEntries: TrailService,
  ) {}

  @AdminDocs.code()
  @Access('session')
  @AcceptsIdempotencyKey()
  @Post('codes')
  async code(
    @CurrentPrincipal() { userId: operatorId }: Principal,
    @Payload() { amount, reason }: CreditDto,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CodeDto> {
    if (key === undefined) {
      const code = await this.codes.make(amount, { operatorId, reason });
      return { code, tokens: amount };
    }
    const { code, isReplay } = await this.keyedCodes.makeOnce({ amount, reason, operatorId, key });
    if (isReplay) markReplay(reply);
    return { code, tokens: amount };
  }

  @AdminDocs.usage()
  @Access('session')
  @Get('usage')
  async usage(
    @CurrentPrincipal() { userId: operatorId }: Principal,
    @UsageBy(CHOICES_OF_ALL) query: QueryOfAll,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UsageOfAllDto> {
    const rows = await this.sums.usage(operatorId, query, disconnectSignal(reply));
    return {
      from: toIso(query.from),
      to: toIso(query.to),
      results: rows.map((row) => sumToWire(query.by, row)),
    };
  }

  @AdminDocs.trail()
  @Access('session')
  @Get('trail')
  async trail(@Page() pageRequest: PageRequest): Promise<TrailPageDto> {
    const page = await paginate(
      pageRequest,
      (keyset) => this.trailEntries.page(keyset),
      POSITION_KEY,
      positionKey,
    );
    return { ...page, results: page.results.map(toWire) };
  }
}

/** Usernames cannot contain parentheses, so no user can be mistaken for a shell. */
function toWire(row: TrailRow): TrailEntryDto {
  const { id, createdAt, operatorId, operator, action, targetId, target, reason } = row;
  const by = operatorId === null ? '(shell)' : (operator ?? `(deleted ${operatorId})`);
  const isOfUser = action !== 'make_code' && action !== 'import_people';
  const deletedLabel = isOfUser ? `(deleted ${targetId})` : targetId;
  return { id, at: toIso(createdAt), by, action, target: target ?? deletedLabel, reason };
}

function sumToWire(
  by: QueryOfAll['by'],
  { label, count, amount: tokens }: UsageRow,
): UsageOfAllDto['results'][number] {
  if (by === 'day') return { day: dayLabel(label), count, tokens };
  const text = label === null ? null : String(label);
  return by === 'model' ? { model: text, count, tokens } : { user: text, count, tokens };
}
