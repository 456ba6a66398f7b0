import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Turn } from '../conversations/turn.entity.js';
import { EventStream, disconnectSignal } from '../http/event-stream.js';
import { markReplay } from '../http/idempotency-key.js';
import { answerTo, logError } from '../http/send-error.js';
import type { Principal } from '../principal.js';
import type { AnswerEvent, AnswerFormat, StreamHead } from './answer-format.js';
import { ChatService, type Begun } from './chat.service.js';
import type { Question } from './question.js';

/** A request that a paid answer is written to. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly principal: Principal;
}

/** Writes a paid answer as JSON or as server-sent events, in the format of any door. */
@Injectable()
export class AnswerWriter {
  constructor(private readonly chat: ChatService) {}

  /** Sends the whole answer. Refusals before it are thrown, as plain HTTP errors. */
  async answer(
    exchange: Exchange,
    question: Question,
    format: AnswerFormat,
    isStream: boolean,
  ): Promise<void> {
    const { reply, principal } = exchange;
    const signal = stopSignal(reply, question);
    if (isStream) {
      const begun = await this.chat.begin(principal, question);
      await this.stream(exchange, question, begun, format, signal);
      return;
    }
    const begun = await this.chat.beginWhole(principal, question, signal);
    const turn = begun.turn ?? (await begun.generation.run(signal));
    setTurnHeaders(reply, turn, begun.turn ? begun.isReplay : false);
    const isFallback = begun.generation?.isFallback ?? isOther(turn, question);
    if (isFallback) void reply.header('Model', turn.model);
    void reply.code(200).send(format.whole(turn));
  }

  /** Once the headers are out, a failure can only be told as an event. */
  private async stream(
    { request, reply }: Exchange,
    question: Question,
    begun: Begun,
    format: AnswerFormat,
    signal: AbortSignal,
  ): Promise<void> {
    const head = headOf(begun);
    if (begun.turn) setTurnHeaders(reply, begun.turn, begun.isReplay);
    // What an answer costs is not known yet.
    else void reply.headers(idHeaders(head));
    if (begun.turn && isOther(begun.turn, question)) void reply.header('Model', begun.turn.model);
    const writing = format.stream(head);
    void reply.headers({ ...format.streamHeaders });
    const events = EventStream.open(reply);
    const send = async (all: AnswerEvent[]) => {
      for (const { event, payload } of all) await events.send(event, payload);
    };
    try {
      await send(writing.start());
      if (begun.turn) await send(writing.replay(begun.turn));
      const turn =
        begun.turn ?? (await begun.generation.run(signal, (delta) => send(writing.delta(delta))));
      await send(writing.end(turn));
    } catch (error) {
      const { body } = answerTo(request, error);
      logError(request, error, 'a stream failed');
      await send(writing.failure(body));
    } finally {
      events.end();
    }
  }
}

/**
 * Aborted when the caller disconnects. A request with an Idempotency-Key is not aborted by that: the client may
 * disconnect and retry for the full answer.
 */
function stopSignal(reply: FastifyReply, { idempotencyKey }: Question): AbortSignal {
  return idempotencyKey === undefined ? disconnectSignal(reply) : new AbortController().signal;
}

/** Who answers is known with the first word: until then it is who was asked. */
function headOf({ turn, generation }: Begun): StreamHead {
  if (turn) return { turnId: turn.id, conversationId: turn.conversationId, modelId: turn.model };
  const { turnId, conversationId } = generation;
  return {
    turnId,
    conversationId,
    get modelId() {
      return generation.model.id;
    },
  };
}

const idHeaders = ({ turnId, conversationId }: Omit<StreamHead, 'modelId'>) => ({
  'Turn-Id': turnId,
  'Conversation-Id': conversationId,
});

/** Whether a saved answer is another model's than the one that was named. */
const isOther = (turn: Turn, { model }: Question) => model !== undefined && model !== turn.model;

/** What a paid answer says of its price. */
function setTurnHeaders(reply: FastifyReply, turn: Turn, isReplay: boolean): void {
  if (isReplay) markReplay(reply);
  void reply.headers({
    'Tokens-Charged': turn.amount,
    'Tokens-Balance': turn.availableAfter,
    ...idHeaders({ turnId: turn.id, conversationId: turn.conversationId }),
  });
}
