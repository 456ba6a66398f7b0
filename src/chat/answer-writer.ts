import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toIso } from '../time.js';
import { EventStream, disconnectSignal } from '../http/event-stream.js';
import { answerTo } from '../http/send-error.js';
import type { Principal } from '../principal.js';
import { ChatService, type Begun } from './chat.service.js';
import type { Question } from './question.js';
import type { Turn } from '../conversations/turn.entity.js';

/** Aborted when the caller leaves; one who will come back for the answer, by its key, is not taken for gone. */
export function stopSignal(reply: FastifyReply, { idempotencyKey }: Question): AbortSignal {
  return idempotencyKey === undefined ? disconnectSignal(reply) : new AbortController().signal;
}

/** Writes an answer as JSON or as server-sent events; what happens to the money is the same. */
@Injectable()
export class AnswerWriter {
  constructor(private readonly chat: ChatService) {}

  /** Sends the whole answer. Refusals before it are thrown, as plain HTTP errors. */
  async answer(
    exchange: { request: FastifyRequest; reply: FastifyReply; principal: Principal },
    question: Question,
    isStream: boolean,
  ): Promise<void> {
    const { request, reply, principal } = exchange;
    const gone = stopSignal(reply, question);
    if (isStream) {
      await this.stream(request, reply, gone, await this.chat.begin(principal, question));
      return;
    }
    const { turn, isReplay } = await this.chat.answer(principal, question, gone);
    setTurnHeaders(reply, turn, isReplay);
    void reply.code(200).send(answerToWire(turn));
  }

  /** Once the headers are out, a failure can only be told as an event. */
  private async stream(
    request: FastifyRequest,
    reply: FastifyReply,
    gone: AbortSignal,
    { generation, replay }: Begun,
  ): Promise<void> {
    if (replay) setTurnHeaders(reply, replay, true);
    const events = EventStream.open(reply);
    const send = (text: string) => events.send('delta', { text });
    try {
      if (replay) await send(replay.response);
      const turn = replay ?? (await generation.run(gone, ({ text }) => send(text)));
      await events.send('done', doneToWire(turn));
    } catch (error) {
      const { status, body } = answerTo(request, error);
      if (status >= 500) request.log.error({ err: error }, 'a stream failed');
      await events.send('error', body);
    } finally {
      events.end();
    }
  }
}

/** What a paid answer says of its price. */
export function setTurnHeaders(reply: FastifyReply, turn: Turn, isReplay: boolean): void {
  if (isReplay) void reply.header('Idempotent-Replayed', 'true');
  void reply.headers({
    'Tokens-Charged': turn.amount,
    'Tokens-Balance': turn.availableAfter,
    'Turn-Id': turn.id,
    'Conversation-Id': turn.conversationId,
  });
}

function answerToWire({ message, response, createdAt }: Turn) {
  return { message, response, timestamp: toIso(createdAt) };
}

function doneToWire(turn: Turn) {
  return {
    ...answerToWire(turn),
    turn: turn.id,
    conversation: turn.conversationId,
    tokens_charged: turn.amount,
    tokens_balance: turn.availableAfter,
    finish_reason: turn.finishReason,
  };
}
