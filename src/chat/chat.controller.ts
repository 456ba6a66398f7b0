import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toIso } from '../database/instant.js';
import { NotFound } from '../errors.js';
import { Payload } from '../http/body.pipe.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { paginate, UUID_KEY } from '../http/pagination.js';
import { CurrentPrincipal, type Principal } from '../http/request.decorators.js';
import { ChatDocs } from './chat.docs.js';
import { ChatDto } from './chat.dto.js';
import { ReplyService } from './reply.service.js';
import { HistoryService, type PastTurn } from './history.service.js';

/** Chatting, and reading back what was said. */
@Controller('api/chat')
export class ChatController {
  constructor(
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
    const isStream = stream ?? request.headers.accept?.includes('text/event-stream') ?? false;
    const question = { message, conversationId, model, idempotencyKey };
    await this.replies.answer({ request, reply, principal }, question, isStream);
  }

  @ChatDocs.list()
  @Get()
  async list(@CurrentPrincipal() { userId }: Principal, @Req() request: FastifyRequest) {
    const page = await paginate(
      request,
      (keyset) => this.history.page(userId, keyset),
      UUID_KEY,
      (turn) => turn.id,
    );
    return { ...page, results: page.results.map(toWire) };
  }

  /** What a ledger entry's `turn` leads to. */
  @Get(':id')
  async one(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string) {
    const turn = UUID_KEY.test(id) ? await this.history.find(userId, id) : undefined;
    if (!turn) throw new NotFound();
    return toWire(turn);
  }
}

function toWire(turn: PastTurn) {
  return {
    id: turn.id,
    conversation: turn.conversationId,
    message: turn.message,
    response: turn.response,
    model: turn.model,
    status: turn.status,
    tokens: turn.amount,
    timestamp: toIso(turn.createdAt),
  };
}
