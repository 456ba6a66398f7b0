import { Controller, Get } from '@nestjs/common';
import { QueryText } from '../http/query.js';
import { CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { DAY_MICROS, toIso } from '../time.js';
import { readUsageQuery } from './usage-query.js';
import { UsageDocs } from './usage.docs.js';
import { UsageService } from './usage.service.js';

/** What the caller has spent, in sums. */
@Controller('api/wallet/usage')
export class UsageController {
  constructor(private readonly sums: UsageService) {}

  @UsageDocs.read()
  @Get()
  async read(
    @CurrentPrincipal() { userId }: Principal,
    @QueryText('by') by: string | undefined,
    @QueryText('from') from: string | undefined,
    @QueryText('to') to: string | undefined,
  ) {
    const query = readUsageQuery({ by, from, to });
    const rows = await this.sums.usage(userId, query);
    const label = (value: string | number | null) =>
      query.by === 'day'
        ? new Date((Number(value) * DAY_MICROS) / 1000).toISOString().slice(0, 10)
        : value;
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
