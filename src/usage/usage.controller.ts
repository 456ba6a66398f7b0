import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { disconnectSignal } from '../http/event-stream.js';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { toIso } from '../time.js';
import { OWN_CHOICES, UsageBy, type UsageQuery } from './usage-query.js';
import { UsageDocs } from './usage.docs.js';
import type { UsageDto } from './usage.dto.js';
import type { UsageRow } from './usage-groups.js';
import { UsageService, dayLabel } from './usage.service.js';

/** Sums of what the caller has spent. */
@Controller('api/wallet/usage')
export class UsageController {
  constructor(private readonly sums: UsageService) {}

  @UsageDocs.read()
  @Access('wallet')
  @Get()
  async read(
    @CurrentPrincipal() { userId }: Principal,
    @UsageBy(OWN_CHOICES) query: UsageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UsageDto> {
    const rows = await this.sums.usage(userId, query, disconnectSignal(reply));
    return {
      from: toIso(query.from),
      to: toIso(query.to),
      results: rows.map((row) => rowToWire(query.by, row)),
    };
  }
}

function rowToWire(
  by: UsageQuery['by'],
  { label, id = null, count, amount }: UsageRow,
): UsageDto['results'][number] {
  const tokens = amount;
  if (by === 'day') return { day: dayLabel(label), count, tokens };
  const text = label === null ? null : String(label);
  return by === 'model' ? { model: text, count, tokens } : { key: text, id, count, tokens };
}
