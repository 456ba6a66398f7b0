import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import type { Principal } from '../principal.js';
import { nowMicros } from '../time.js';
import { holdLifetime } from '../wallet/holds/hold-lifetime.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { AnswerHoldService, type AnswerIds } from './answer-hold.service.js';
import { Generation } from './generation.js';
import { requestOf, type Plan } from './planner.js';
import type { Question } from './question.js';
import { RunningAnswers } from './running-answers.js';
import { SettlementService } from './settlement.service.js';
import { contentOf } from './turn-content.js';

/**
 * Answers that the caller must wait for: hold, ask, settle. No transaction is open while the provider is asked.
 * However the request ends, the hold is captured or released, or it expires by itself.
 */
@Injectable()
export class HeldAnswerService {
  constructor(
    private readonly answerHolds: AnswerHoldService,
    private readonly settlement: SettlementService,
    private readonly running: RunningAnswers,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Holds the price and returns the answer, which is not running yet. Throws the same errors as
   * `AnswerHoldService.open`.
   */
  async begin(
    principal: Principal,
    question: Question,
    plan: Plan,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<Generation> {
    const { userId: ownerId } = principal;
    const ids: AnswerIds = {
      turnId: newId(),
      conversationId: question.conversationId ?? question.newConversationId ?? newId(),
    };
    const opened = await this.answerHolds.open(principal, plan, question, ids, idempotency);
    const { held, maxTokens } = opened;
    const expiresAt = nowMicros() + holdLifetime(this.config);
    const generation = new Generation({
      ...ids,
      attempts: [plan, ...plan.fallbacks].map((one, n) => ({
        model: one.model,
        request: { ...requestOf(one, question, maxTokens[n] ?? 1), ownerId },
      })),
      held,
      timeoutMs: this.config.answerTimeoutSeconds * 1000,
      settle: (outcome, model) =>
        this.settlement
          .settle({
            turnId: ids.turnId,
            conversationId: ids.conversationId,
            principal,
            question,
            modelId: model.id,
            outcome,
            expiresAt,
            content: contentOf(principal, question, outcome),
          })
          .finally(() => {
            this.running.remove(ids.turnId);
          }),
    });
    const stop = () => {
      generation.stop();
    };
    this.running.add({ ownerId, turnId: ids.turnId, stop });
    return generation;
  }
}
