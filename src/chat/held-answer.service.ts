import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import type { Turn } from '../conversations/turn.entity.js';
import { isForeignKeyViolation } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { AnswerExpired, DatabaseUnavailable } from '../errors.js';
import type { Principal } from '../principal.js';
import { nowMicros, type Micros } from '../time.js';
import { giveBack } from '../wallet/give-back.js';
import { GatheredHolds } from '../wallet/gathered-holds.service.js';
import { holdLifetime } from '../wallet/hold-lifetime.js';
import { HoldsService } from '../wallet/holds.service.js';
import { LateSettlements } from '../wallet/late-settlements.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { AnswerHoldService, type AnswerIds } from './answer-hold.service.js';
import { Generation } from './generation.js';
import type { Outcome } from './outcome.js';
import { requestOf, type Plan } from './planner.js';
import type { Question } from './question.js';
import { RunningAnswers } from './running-answers.js';
import { bytesOf, contentOf } from './turn-content.js';
import { ledgerNote, TurnWriter, type EndedAnswer } from './turn-writer.js';

/** An answer that has ended, and whose hold, of the same id as its turn, is still open. */
interface HeldAnswer extends EndedAnswer {
  readonly outcome: Outcome;
  /** From then on its hold has expired. */
  readonly expiresAt: Micros;
}

/**
 * The lane of an answer that is waited for: hold, ask, settle. No transaction is open while the provider is
 * asked. Whatever ends the request, the hold is captured or released, or it expires by itself.
 */
@Injectable()
export class HeldAnswerService {
  constructor(
    private readonly answerHolds: AnswerHoldService,
    private readonly unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly gathered: GatheredHolds,
    private readonly turns: TurnWriter,
    private readonly running: RunningAnswers,
    private readonly late: LateSettlements,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Sets the price aside and returns the answer, which waits to be run. Throws as `AnswerHoldService.open`. */
  async begin(
    principal: Principal,
    question: Question,
    plan: Plan,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<Generation> {
    const { userId: ownerId } = principal;
    const ids: AnswerIds = {
      turnId: newId(),
      conversationId: question.conversationId ?? question.opens ?? newId(),
    };
    const opened = await this.answerHolds.open(principal, plan, question, ids, idempotency);
    const { held, maxTokens } = opened;
    const expiresAt = nowMicros() + holdLifetime(this.config);
    const generation = new Generation({
      ...ids,
      asks: [plan, ...plan.fallbacks].map((one, n) => ({
        model: one.model,
        request: requestOf(one, question, maxTokens[n] ?? 1),
      })),
      held,
      timeoutMs: this.config.answerTimeoutSeconds * 1000,
      settle: (outcome, model) =>
        this.settle({
          ...{ ...ids, principal, question, modelId: model.id, outcome, expiresAt },
          content: contentOf(principal, question, outcome),
        }).finally(() => {
          this.running.remove(ids.turnId);
        }),
    });
    const stop = () => {
      generation.stop();
    };
    this.running.add({ ownerId, turnId: ids.turnId, stop });
    return generation;
  }

  /**
   * Takes the price and saves the turn, both or neither. When the conversation or its owner was deleted
   * meanwhile, the answer is paid like any other, and nothing of it is kept. Where the database is unavailable, that
   * is done as soon as it serves again (`LateSettlements`). Throws `AnswerExpired` when the hold had expired: then
   * nothing was taken.
   */
  private settle(ended: HeldAnswer): Promise<Turn> {
    let made: Turn | undefined;
    let mayBeCommitted = false;
    const attempt = async () => {
      try {
        return await this.settleOnce(ended, (turn) => (made = turn));
      } catch (error) {
        // A connection that is lost in the commit does not say how that ended. Nobody else captures this hold.
        if (error instanceof AnswerExpired && mayBeCommitted && made) {
          if (await this.isSettled(ended)) return made;
        }
        mayBeCommitted ||= error instanceof DatabaseUnavailable;
        throw error;
      }
    };
    return this.late.settle(attempt, ended.expiresAt, () =>
      giveBack(this.unitOfWork, this.holds, ended.turnId),
    );
  }

  private settleOnce(ended: HeldAnswer, onMade: (turn: Turn) => void): Promise<Turn> {
    const settleAs = (one: HeldAnswer) =>
      isGathered(one)
        ? this.captureGathered(one, onMade)
        : this.unitOfWork.run(async (tx) => {
            const turn = await this.resolve(tx, one);
            onMade(turn);
            return turn;
          });
    return settleAs(ended).catch((error: unknown) => {
      if (!isForeignKeyViolation(error)) throw error;
      return settleAs({ ...ended, isKept: false });
    });
  }

  /** Whether an earlier attempt has resolved the hold as this answer does. */
  private async isSettled({ turnId, outcome }: HeldAnswer): Promise<boolean> {
    const state = await this.holds.stateOf(turnId);
    return state === (outcome.status === 'failed' ? 'released' : 'captured');
  }

  private resolve(tx: Tx, ended: HeldAnswer): Promise<Turn> {
    return ended.outcome.status === 'failed' ? this.release(tx, ended) : this.capture(tx, ended);
  }

  private captureGathered(ended: HeldAnswer, onMade: (turn: Turn) => void): Promise<Turn> {
    const { turnId: holdId, outcome, principal } = ended;
    const why = ledgerNote(principal, ended.modelId, holdId);
    const bytes = { turnBytes: bytesKept(ended) };
    const capture = { holdId, ownerId: principal.userId, amount: outcome.amount, why, ...bytes };
    return this.gathered.capture(capture, (tx, captured) => {
      const turn = this.turns.save(tx, ended, { holdId, ...captured });
      onMade(turn);
      return turn;
    });
  }

  private async capture(tx: Tx, ended: HeldAnswer): Promise<Turn> {
    const { turnId, outcome } = ended;
    const note = ledgerNote(ended.principal, ended.modelId, turnId);
    const captured = await this.holds.capture(tx, turnId, outcome.amount, note, bytesKept(ended));
    if (!captured) throw new AnswerExpired();
    return this.turns.save(tx, ended, { holdId: turnId, ...captured });
  }

  /** A failed answer gives the hold back and frees its key. */
  private async release(tx: Tx, ended: HeldAnswer): Promise<Turn> {
    const { turnId } = ended;
    // Once the hold has expired, the conversation may be deleted: there may be no place to save to.
    const released = await this.holds.release(tx, turnId, 'released', bytesKept(ended));
    if (!released) throw new AnswerExpired();
    return this.turns.save(tx, ended, { holdId: turnId, ...released });
  }
}

/** A cap has its own row, which others may be changing: what counts against one is ended alone. */
const isGathered = ({ outcome, principal }: HeldAnswer) =>
  outcome.status !== 'failed' && principal.key === undefined;

const bytesKept = ({ content, question, isKept = question.isKept }: HeldAnswer) =>
  bytesOf(content, { isKept });
