import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toIso } from '../database/instant.js';
import { Payload } from '../http/body.pipe.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { paginate, UUID_KEY } from '../http/pagination.js';
import { CurrentPrincipal, type Principal } from '../http/request.decorators.js';
import { ChatDto } from './chat.dto.js';
import { ChatService } from './chat.service.js';
import { HistoryService, type PastTurn } from './history.service.js';

/** Chatting, and reading back what was said. */
@Controller('api/chat')
export class ChatController {
  constructor(
    private readonly chat: ChatService,
    private readonly history: HistoryService,
  ) {}

  @Post()
  @HttpCode(200)
  async send(
    @CurrentPrincipal() principal: Principal,
    @Payload() { message }: ChatDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { turn, isReplay } = await this.chat.reply(principal, { message, idempotencyKey });
    if (isReplay) void reply.header('Idempotent-Replayed', 'true');
    void reply.headers({
      'Tokens-Charged': turn.amount,
      'Tokens-Balance': turn.availableAfter,
      'Turn-Id': turn.id,
      'Conversation-Id': turn.conversationId,
    });
    return { message, response: turn.response, timestamp: toIso(turn.createdAt) };
  }

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
