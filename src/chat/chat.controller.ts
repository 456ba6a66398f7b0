import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Payload } from '../fields/body.pipe.js';
import { wantsStream } from '../http/event-stream.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { lowerCaseId } from '../http/ids.js';
import { Access, CurrentPrincipal, Spends } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { chatFormat } from './chat-format.js';
import { ChatBodyPipe } from './chat-body.pipe.js';
import { ChatDocs } from './chat.docs.js';
import { ChatDto, type QuoteDto } from './chat.dto.js';
import { AnswerWriter } from './answer-writer.js';
import { Planner } from './planner.js';
import { StopService } from './stop.service.js';
import { UiChatDto } from './ui-chat.dto.js';
import { uiFormat } from './ui-format.js';
import { questionOf } from './ui-messages.js';

/** Sends, quotes and stops messages. */
@Controller('api/chat')
export class ChatController {
  constructor(
    private readonly planner: Planner,
    private readonly answers: AnswerWriter,
    private readonly stops: StopService,
  ) {}

  @ChatDocs.send()
  @Access('chat')
  @Spends('chat')
  @Post()
  @HttpCode(200)
  async send(
    @CurrentPrincipal() principal: Principal,
    @Body(ChatBodyPipe) ask: ChatDto | UiChatDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const exchange = { request, reply, principal };
    if (ask instanceof UiChatDto) {
      await this.answers.answer(exchange, { ...questionOf(ask), idempotencyKey }, uiFormat, true);
      return;
    }
    const { message, conversation, model, stream } = ask;
    const isStream = stream ?? wantsStream(request);
    const conversationId = lowerCaseId(conversation);
    const question = { route: 'chat', message, conversationId, model, idempotencyKey };
    await this.answers.answer(exchange, question, chatFormat, isStream);
  }

  /**
   * `useChat()` asks here whether an answer goes on. It never does, because an answer stops when its reader leaves.
   */
  @ChatDocs.resume()
  @Access('chat')
  @Get(':id/stream')
  @HttpCode(204)
  resume(): void {
    // There is nothing to resume, so the response is always 204.
  }

  @ChatDocs.quote()
  @Access('chat')
  @Post('quote')
  @HttpCode(200)
  async quote(
    @CurrentPrincipal() principal: Principal,
    @Payload() { message, conversation, model: wanted }: ChatDto,
  ): Promise<QuoteDto> {
    const conversationId = lowerCaseId(conversation);
    const question = { route: 'chat', message, conversationId, model: wanted };
    const { model, floor, ceiling } = await this.planner.quote(principal, question);
    return { tokens: floor, model, ceiling };
  }

  @ChatDocs.stop()
  @Access('chat')
  @Post(':turn/stop')
  @HttpCode(204)
  async stop(
    @CurrentPrincipal() { userId }: Principal,
    @Param('turn') turnId: string,
  ): Promise<void> {
    await this.stops.stop(userId, turnId);
  }
}
