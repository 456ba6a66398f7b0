import { Injectable } from '@nestjs/common';
import { ContextOutdated } from '../conversations/newest-turn.js';
import type { Turn } from '../conversations/turn.entity.js';
import type { CallerSignal } from '../database/transactions/batched-transaction.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { ConversationBusy } from '../errors.js';
import type { Principal } from '../principal.js';
import { idempotencyRecord, type IdempotencyRecord } from '../wallet/idempotency-record.js';
import { IdempotencyService } from '../wallet/idempotency.service.js';
import { EarlierAnswers } from './earlier-answers.js';
import type { Generation } from './generation.js';
import { HeldAnswerService } from './held-answer.service.js';
import { InstantAnswerService } from './instant-answer.service.js';
import { Planner } from './planner.js';
import type { Question } from './question.js';

/** Either an answer that is paid for and waits to be run, or a turn that is stored already. */
export type BegunAnswer =
  | { readonly generation: Generation; readonly turn?: undefined }
  | { readonly turn: Turn; readonly isReplay: boolean; readonly generation?: undefined };

/** Begins a paid message: answers it at once, or makes a hold first. Answers the same idempotency key once. */
@Injectable()
export class ChatService {
  constructor(
    private readonly planner: Planner,
    private readonly instant: InstantAnswerService,
    private readonly held: HeldAnswerService,
    private readonly earlier: EarlierAnswers,
    private readonly idempotency: IdempotencyService,
  ) {}

  /**
   * Does all that comes before the provider's call: replays a known key, or holds the most that the answer
   * can cost. Throws `InsufficientBalance`, `StorageFull`, `ValidationFailed`, `NotFound`,
   * `ConversationBusy`, `IdempotencyKeyReused` or `IdempotencyKeyInUse`, all before the provider is asked.
   */
  begin(principal: Principal, question: Question): Promise<BegunAnswer> {
    const { userId } = principal;
    const record = question.idempotencyKey === undefined ? undefined : recordOf(question);
    return this.idempotency.once(userId, record, {
      find: async (known) => {
        const turn = await this.earlier.find(userId, known);
        return turn && { turn, isReplay: true };
      },
      run: () => this.beginHeld(principal, question, record),
      whenEnded: (turnId, signal) => this.earlier.whenEnded(turnId, signal),
    });
  }

  /**
   * Begins an answer for a caller that wants no stream. Returns the saved turn if the model can answer at
   * once. Throws the same errors as `begin`.
   */
  async beginUnstreamed(
    principal: Principal,
    question: Question,
    signal: CallerSignal,
  ): Promise<BegunAnswer> {
    if (!InstantAnswerService.mayAnswer(question)) return this.begin(principal, question);
    const plan = await this.planner.plan(principal, question);
    const turn = await this.instant.answer(principal, question, plan, signal);
    if (turn) return { turn, isReplay: false };
    return { generation: await this.held.begin(principal, question, plan, undefined) };
  }

  /**
   * Plans and holds the answer. If two first messages of one chat race to open its conversation, the loser
   * tries once more and continues the conversation that the winner opened. If another answer of the conversation
   * ends between the plan and the hold, the plan is made once more, so that the model is sent that answer too.
   */
  private async beginHeld(
    principal: Principal,
    question: Question,
    idempotency: IdempotencyRecord | undefined,
    mayRetry = true,
  ): Promise<BegunAnswer> {
    const prepared = (await question.prepare?.()) ?? question;
    const planned = await this.planner.withConversation(principal.userId, prepared);
    const plan = await this.planner.plan(principal, planned);
    try {
      return { generation: await this.held.begin(principal, planned, plan, idempotency) };
    } catch (error) {
      const isOutdated = error instanceof ContextOutdated;
      const isOpened = planned.newConversationId !== undefined && isUniqueViolation(error);
      if (mayRetry && (isOutdated || isOpened))
        return this.beginHeld(principal, question, idempotency, false);
      throw isOutdated ? new ConversationBusy() : error;
    }
  }
}

/** Copies the question, so it is only called for a question with a key. */
const recordOf = ({ route, idempotencyKey, ...input }: Question): IdempotencyRecord | undefined =>
  idempotencyRecord(route, idempotencyKey, input);
