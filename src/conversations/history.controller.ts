import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { NotFound } from '../errors.js';
import { disconnectSignal } from '../http/event-stream.js';
import { UUID } from '../http/ids.js';
import { Page, paginate, type PageRequest } from '../http/pagination.js';
import { QueryText } from '../http/query.js';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { HistoryDocs } from './history.docs.js';
import { HistoryService } from './history.service.js';
import { readSearch } from './search-query.js';
import { bytesOfTurn, turnToWire } from './turn-wire.js';
import type { TurnDto, TurnPageDto } from './turn.dto.js';

/** The routes that read the history. */
@Controller('api/chat')
export class HistoryController {
  constructor(private readonly history: HistoryService) {}

  @HistoryDocs.list()
  @Access('history')
  @Get()
  async list(
    @CurrentPrincipal() { userId }: Principal,
    @Page() asked: PageRequest,
    @QueryText('search') wanted: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TurnPageDto> {
    const search = readSearch(wanted);
    const signal = disconnectSignal(reply);
    const page = await paginate(
      asked,
      (keyset) =>
        search === undefined
          ? this.history.page(userId, keyset)
          : this.history.search(userId, search, keyset, signal),
      UUID,
      (turn) => turn.id,
      bytesOfTurn,
    );
    return { ...page, results: page.results.map(turnToWire) };
  }

  /** Returns the turn that a ledger entry refers to. */
  @HistoryDocs.one()
  @Access('history')
  @Get(':id')
  async one(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<TurnDto> {
    const turn = UUID.test(id) ? await this.history.find(userId, id) : undefined;
    if (!turn) throw new NotFound();
    return turnToWire(turn);
  }
}
