import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Turn } from '../conversations/turn.entity.js';
import { ClientPresence, EventStream, disconnectSignal } from '../http/event-stream.js';
import { markReplay } from '../http/idempotency-key.js';
import { toErrorAnswer, logError } from '../http/send-error.js';
import type { Principal } from '../principal.js';
import type { AnswerFormat, StreamHead } from './answer-format.js';
import { AnswerStream } from './answer-stream.js';
import { ChatService, type BegunAnswer } from './chat.service.js';
import type { Question } from './question.js';

/** A request, and the reply that a paid answer is written to. */
export interface PaidRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly principal: Principal;
}

/** Writes a paid answer as JSON or as server-sent events, in any `AnswerFormat`. */
@Injectable()
export class AnswerWriter {
  constructor(private readonly chat: ChatService) {}

  /**
   * Sends the answer, as JSON or as events. Throws every error that occurs before the answer starts. The error filter
   * then sends it as a plain HTTP error.
   */
  async answer(
    exchange: PaidRequest,
    question: Question,
    format: AnswerFormat,
    isStream: boolean,
  ): Promise<void> {
    const { reply, principal } = exchange;
    if (isStream) {
      const signal = disconnectSignalFor(reply, question);
      const begun = await this.chat.begin(principal, question);
      await this.stream(exchange, question, begun, format, signal);
      return;
    }
    const begun = await this.chat.beginUnstreamed(principal, question, new ClientPresence(reply));
    const turn = begun.turn ?? (await begun.generation.run(disconnectSignalFor(reply, question)));
    setTurnHeaders(reply, turn, begun.turn ? begun.isReplay : false);
    const isFallback = begun.generation?.fallbacks.isAsked ?? isFromOtherModel(turn, question);
    if (isFallback) void reply.header('Model', turn.model);
    void reply.code(200).send(format.whole(turn));
  }

  /**
   * Sends the answer as events. A failure after the start is sent as an event. If fallbacks may answer, the
   * response head is delayed for a while, so that it can name the model that answers.
   */
  private async stream(
    exchange: PaidRequest,
    question: Question,
    begun: BegunAnswer,
    format: AnswerFormat,
    signal: AbortSignal,
  ): Promise<void> {
    const eventFormat = format.stream(headOf(begun));
    const events = new AnswerStream({
      open: (isAnswering) => openStream(exchange.reply, question, begun, { format, isAnswering }),
      start: () => eventFormat.start(),
    });
    try {
      if (begun.generation?.fallbacks.exist) events.beginWithFirstEvent();
      else await events.begin();
      if (begun.turn) await events.send(eventFormat.replay(begun.turn));
      const turn =
        begun.turn ??
        (await begun.generation.run(signal, (delta) => events.send(eventFormat.delta(delta))));
      await events.send(eventFormat.end(turn));
    } catch (error) {
      const { body } = toErrorAnswer(exchange.request, error);
      logError(exchange.request, error, 'a stream failed');
      await events.send(eventFormat.failure(body));
    } finally {
      await events.end();
    }
  }
}

/**
 * Opens a stream. Its headers contain the price only for a replay, because the price of a new answer is not
 * known yet.
 */
function openStream(
  reply: FastifyReply,
  question: Question,
  begun: BegunAnswer,
  { format, isAnswering }: { readonly format: AnswerFormat; readonly isAnswering: boolean },
): EventStream {
  const { turn, generation } = begun;
  if (turn) setTurnHeaders(reply, turn, begun.isReplay);
  else void reply.headers(idHeaders(headOf(begun)));
  const isFallback = turn
    ? isFromOtherModel(turn, question)
    : isAnswering && generation.fallbacks.isAsked;
  if (isFallback) void reply.header('Model', turn?.model ?? generation?.model.id);
  void reply.headers({ ...format.streamHeaders });
  return EventStream.open(reply);
}

/**
 * Returns a signal that is aborted when the caller disconnects. With an idempotency key it is never aborted,
 * because the client may disconnect and retry to get the full answer.
 */
function disconnectSignalFor(reply: FastifyReply, { idempotencyKey }: Question): AbortSignal {
  return idempotencyKey === undefined ? disconnectSignal(reply) : new AbortController().signal;
}

/**
 * Returns the head of a stream. `modelId` is the model that was asked, until the first word shows which model
 * answers.
 */
function headOf({ turn, generation }: BegunAnswer): StreamHead {
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
  'turn-id': turnId,
  'conversation-id': conversationId,
});

/** Returns whether a saved answer comes from another model than the one that the question named. */
const isFromOtherModel = (turn: Turn, { model }: Question) =>
  model !== undefined && model !== turn.model;

/** Sets the headers with the price and the ids of a paid answer. */
function setTurnHeaders(reply: FastifyReply, turn: Turn, isReplay: boolean): void {
  if (isReplay) markReplay(reply);
  void reply.headers({
    'tokens-charged': turn.amount,
    'tokens-balance': turn.availableAfter,
    ...idHeaders({ turnId: turn.id, conversationId: turn.conversationId }),
  });
}
