import { Controller, Get, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import { readUsageQuery } from './usage-query.js';
import { UsageDocs } from './usage.docs.js';
import { UsageService } from './usage.service.js';

/** What the caller has spent, in sums. */
@Controller('api/wallet/usage')
export class UsageController {
  constructor(private readonly sums: UsageService) {}

  @UsageDocs.read()
  @Get()
  async read(@CurrentPrincipal() { userId }: Principal, @Req() request: FastifyRequest) {
    const query = readUsageQuery(request.query as Record<string, string>);
    const rows = await this.sums.usage(userId, query);
    const label = (value: string | number | null) =>
      query.by === 'day' ? new Date(Number(value) * 86_400_000).toISOString().slice(0, 10) : value;
    return {
      from: toIso(query.from),
      to: toIso(query.to),
      results: rows.map((row) => ({
        [query.by]: label(row.label),
        count: row.count,
        tokens: row.amount,
      })),
    };
  }
}
