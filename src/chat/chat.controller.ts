import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NotFound } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { callerGone, wantsStream } from '../http/event-stream.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { paginate, UUID_KEY } from '../http/pagination.js';
import { CurrentPrincipal, type Principal } from '../http/request.decorators.js';
import { ChatDocs } from './chat.docs.js';
import { ChatDto, type QuoteDto } from './chat.dto.js';
import { ReplyService } from './reply.service.js';
import { HistoryService } from '../conversations/history.service.js';
import { Planner } from './planner.js';
import { readSearch } from '../conversations/search-query.js';
import { turnToWire } from '../conversations/turn-wire.js';

/** Chatting, and reading back what was said. */
@Controller('api/chat')
export class ChatController {
  constructor(
    private readonly planner: Planner,
    private readonly replies: ReplyService,
    private readonly history: HistoryService,
  ) {}

  @ChatDocs.send()
  @Post()
  @HttpCode(200)
  async send(
    @CurrentPrincipal() principal: Principal,
    @Payload() { message, conversation: conversationId, model, stream }: ChatDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const isStream = stream ?? wantsStream(request);
    const question = { route: 'chat' as const, message, conversationId, model, idempotencyKey };
    await this.replies.answer({ request, reply, principal }, question, isStream);
  }

  @ChatDocs.quote()
  @Post('quote')
  @HttpCode(200)
  async quote(
    @CurrentPrincipal() { userId }: Principal,
    @Payload() { message, conversation: conversationId, model: wanted }: ChatDto,
  ): Promise<QuoteDto> {
    const question = { route: 'chat', message, conversationId, model: wanted } as const;
    const { model, floor, ceiling } = await this.planner.quote(userId, question);
    return { tokens: floor, model, ceiling };
  }

  @ChatDocs.list()
  @Get()
  async list(
    @CurrentPrincipal() { userId }: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const search = readSearch(request);
    const gone = callerGone(reply);
    const page = await paginate(
      request,
      (keyset) =>
        search === undefined
          ? this.history.page(userId, keyset)
          : this.history.search(userId, search, keyset, gone),
      UUID_KEY,
      (turn) => turn.id,
    );
    return { ...page, results: page.results.map(turnToWire) };
  }

  /** What a ledger entry's `turn` leads to. */
  @ChatDocs.one()
  @Get(':id')
  async one(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string) {
    const turn = UUID_KEY.test(id) ? await this.history.find(userId, id) : undefined;
    if (!turn) throw new NotFound();
    return turnToWire(turn);
  }
}
