import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { Payload } from '../fields/body.pipe.js';
import { Page, UUID_KEY, paginate, type PageRequest } from '../http/pagination.js';
import { QueryText } from '../http/query.js';
import { CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import { readUsageQuery } from '../usage/usage-query.js';
import { dayLabel } from '../usage/usage.service.js';
import { AdminDocs } from './admin.docs.js';
import { CreditDto } from './admin.dto.js';
import { OperatorsService } from './operators.service.js';
import { StaffGuard } from './staff.guard.js';
import { TrailService, type TrailRow } from './trail.service.js';
import { UsageOfAll } from './usage-of-all.js';

/** For operators alone: codes, usage over all, and what operators did. */
@Controller('api/admin')
@UseGuards(StaffGuard)
export class AdminController {
  constructor(
    private readonly operators: OperatorsService,
    private readonly sums: UsageOfAll,
    private readonly trailEntries: TrailService,
  ) {}

  @AdminDocs.code()
  @Post('codes')
  async code(
    @CurrentPrincipal() { userId: operatorId }: Principal,
    @Payload() { amount, reason }: CreditDto,
  ) {
    return { code: await this.operators.makeCode(amount, { operatorId, reason }), tokens: amount };
  }

  @AdminDocs.usage()
  @Get('usage')
  async usage(
    @QueryText('by') by: string | undefined,
    @QueryText('from') from: string | undefined,
    @QueryText('to') to: string | undefined,
  ) {
    const query = readUsageQuery({ by, from, to }, ['day', 'model', 'user']);
    const rows = await this.sums.usage(query);
    return {
      from: toIso(query.from),
      to: toIso(query.to),
      results: rows.map(({ label, count, amount }) => ({
        [query.by]: query.by === 'day' ? dayLabel(label) : label,
        count,
        tokens: amount,
      })),
    };
  }

  @AdminDocs.trail()
  @Get('trail')
  async trail(@Page() asked: PageRequest) {
    const page = await paginate(
      asked,
      (keyset) => this.trailEntries.page(keyset),
      UUID_KEY,
      ({ id }) => id,
    );
    return { ...page, results: page.results.map(toWire) };
  }
}

/** No username has parentheses, so nobody can pass for a shell. */
function toWire(row: TrailRow) {
  const { id, createdAt, operatorId, operator, action, targetId, target, reason } = row;
  const by = operatorId === null ? '(shell)' : (operator ?? `(deleted ${operatorId})`);
  const gone = action === 'make_code' ? targetId : `(deleted ${targetId})`;
  return { id, at: toIso(createdAt), by, action, target: target ?? gone, reason };
}
