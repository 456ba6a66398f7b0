import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Turn } from '../conversations/turn.entity.js';
import { EventStream, disconnectSignal } from '../http/event-stream.js';
import { markReplay } from '../http/idempotency-key.js';
import { answerTo, logError } from '../http/send-error.js';
import type { Principal } from '../principal.js';
import type { AnswerFormat, StreamHead } from './answer-format.js';
import { AnswerStream } from './answer-stream.js';
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
    const isFallback = begun.generation?.fallbacks.isAsked ?? isOther(turn, question);
    if (isFallback) void reply.header('Model', turn.model);
    void reply.code(200).send(format.whole(turn));
  }

  /**
   * A failure is told as an event. Where others may answer in place of the model, the head waits a while to name
   * who does.
   */
  private async stream(
    exchange: Exchange,
    question: Question,
    begun: Begun,
    format: AnswerFormat,
    signal: AbortSignal,
  ): Promise<void> {
    const writing = format.stream(headOf(begun));
    const events = new AnswerStream({
      open: (isAnswering) => openStream(exchange.reply, question, begun, { format, isAnswering }),
      start: () => writing.start(),
    });
    try {
      if (begun.generation?.fallbacks.areThere) events.beginLate();
      else await events.begin();
      if (begun.turn) await events.send(writing.replay(begun.turn));
      const turn =
        begun.turn ??
        (await begun.generation.run(signal, (delta) => events.send(writing.delta(delta))));
      await events.send(writing.end(turn));
    } catch (error) {
      const { body } = answerTo(exchange.request, error);
      logError(exchange.request, error, 'a stream failed');
      await events.send(writing.failure(body));
    } finally {
      await events.end();
    }
  }
}

/** Writes a stream's head: what an answer costs is not known yet, but of a replay. */
function openStream(
  reply: FastifyReply,
  question: Question,
  begun: Begun,
  { format, isAnswering }: { readonly format: AnswerFormat; readonly isAnswering: boolean },
): EventStream {
  const { turn, generation } = begun;
  if (turn) setTurnHeaders(reply, turn, begun.isReplay);
  else void reply.headers(idHeaders(headOf(begun)));
  const isFallback = turn ? isOther(turn, question) : isAnswering && generation.fallbacks.isAsked;
  if (isFallback) void reply.header('Model', turn?.model ?? generation?.model.id);
  void reply.headers({ ...format.streamHeaders });
  return EventStream.open(reply);
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
