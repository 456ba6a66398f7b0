import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Payload } from '../fields/body.pipe.js';
import { wantsStream } from '../http/event-stream.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { Access, CurrentPrincipal, Spends } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { chatFormat } from './chat-format.js';
import { ChatDocs } from './chat.docs.js';
import { MessageDto } from './chat.dto.js';
import { AnswerWriter } from './answer-writer.js';

/** Continues a conversation. */
@Controller('api/conversations/:id/messages')
export class ConversationMessagesController {
  constructor(private readonly answers: AnswerWriter) {}

  @ChatDocs.sendInConversation()
  @Access('chat')
  @Spends('messages')
  @Post()
  @HttpCode(200)
  async send(
    @CurrentPrincipal() principal: Principal,
    @Param('id') conversationId: string,
    @Payload() { message, model, stream }: MessageDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const question = { route: 'messages', message, conversationId, model, idempotencyKey };
    const isStream = stream ?? wantsStream(request);
    await this.answers.answer({ request, reply, principal }, question, chatFormat, isStream);
  }
}
