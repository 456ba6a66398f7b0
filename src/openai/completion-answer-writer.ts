import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventStream } from '../http/event-stream.js';
import type { Principal } from '../principal.js';
import { answerTo } from '../http/send-error.js';
import { ChatService, type Begun } from '../chat/chat.service.js';
import type { Question } from '../chat/question.js';
import { stopSignal, setTurnHeaders } from '../chat/answer-writer.js';
import type { Turn } from '../conversations/turn.entity.js';
import {
  headOf,
  toChunk,
  toCompletion,
  toUsageChunk,
  toWholeDelta,
  type ChunkDelta,
} from './completion-wire.js';

/** Writes an answer as OpenAI's clients read it; what happens to the money is the same as elsewhere. */
@Injectable()
export class CompletionAnswerWriter {
  constructor(private readonly chat: ChatService) {}

  /** Sends the whole answer. Refusals before it are thrown, as plain HTTP errors. */
  async answer(
    exchange: { request: FastifyRequest; reply: FastifyReply; principal: Principal },
    question: Question,
    { isStream, tellsUsage }: { isStream: boolean; tellsUsage: boolean },
  ): Promise<void> {
    const { request, reply, principal } = exchange;
    const gone = stopSignal(reply, question);
    if (isStream) {
      const begun = await this.chat.begin(principal, question);
      await this.stream({ request, reply }, gone, begun, tellsUsage);
      return;
    }
    const { turn, isReplay } = await this.chat.answer(principal, question, gone);
    setTurnHeaders(reply, turn, isReplay);
    void reply.code(200).send(toCompletion(turn));
  }

  /** The order is OpenAI's: the role, the words, the reason of the end, the usage, `[DONE]`. */
  private async stream(
    { request, reply }: { request: FastifyRequest; reply: FastifyReply },
    gone: AbortSignal,
    { generation, replay }: Begun,
    tellsUsage: boolean,
  ): Promise<void> {
    const head = replay
      ? headOf(replay.id, replay.model)
      : headOf(generation.turnId, generation.model.id);
    if (replay) setTurnHeaders(reply, replay, true);
    const events = EventStream.open(reply);
    const send = (delta: ChunkDelta, finishReason: string | null = null) =>
      events.send(undefined, toChunk(head, delta, finishReason, tellsUsage));
    try {
      await send({ role: 'assistant', content: '', refusal: null });
      let turn: Turn;
      if (replay) {
        turn = replay;
        await send(toWholeDelta(replay));
      } else {
        turn = await generation.run(gone, ({ text, toolCalls }) =>
          send({
            ...(text !== '' && { content: text }),
            ...(toolCalls && { tool_calls: toolCalls }),
          }),
        );
      }
      await send({}, turn.finishReason);
      if (tellsUsage) await events.send(undefined, toUsageChunk(head, turn));
      await events.send(undefined, '[DONE]');
    } catch (error) {
      const { status, body } = answerTo(request, error);
      if (status >= 500) request.log.error({ err: error }, 'a stream failed');
      await events.send(undefined, body);
    } finally {
      events.end();
    }
  }
}
