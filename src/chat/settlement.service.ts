import { Injectable } from '@nestjs/common';
import type { Turn } from '../conversations/turn.entity.js';
import { isForeignKeyViolation } from '../database/database-errors.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { AnswerExpired } from '../errors.js';
import type { Micros } from '../time.js';
import { releaseAfterFailure } from '../wallet/holds/release-after-failure.js';
import { BatchedCaptures } from '../wallet/holds/batched-captures.service.js';
import { HoldsService } from '../wallet/holds/holds.service.js';
import { LateSettlements } from '../wallet/holds/late-settlements.js';
import type { Outcome } from './outcome.js';
import { bytesOf } from './turn-content.js';
import { ledgerNote, TurnWriter, type EndedAnswer } from './turn-writer.js';

/** An answer that has ended. Its hold has the same id as its turn and is still open. */
interface HeldAnswer extends EndedAnswer {
  readonly outcome: Outcome;
  /** The time at which its hold expires. */
  readonly expiresAt: Micros;
}

/** Ends a held answer: captures or releases its hold, and saves the turn in the same transaction. */
@Injectable()
export class SettlementService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly batchedCaptures: BatchedCaptures,
    private readonly turns: TurnWriter,
    private readonly lateSettlements: LateSettlements,
  ) {}

  /**
   * Charges the price and saves the turn, both or neither. If the conversation or its owner was deleted
   * meanwhile, the answer is charged all the same, and nothing of it is saved. If the database is unavailable,
   * `LateSettlements` retries. Throws `AnswerExpired`, and charges nothing, if the hold had expired.
   */
  settle(ended: HeldAnswer): Promise<Turn> {
    let made: Turn | undefined;
    const attempt = async () => {
      try {
        return await this.settleOnce(ended, (turn) => (made = turn));
      } catch (error) {
        // A connection lost during the commit does not show whether the commit succeeded. Only this answer
        // captures this hold, so if the hold has the expected state, an earlier attempt was committed.
        if (error instanceof AnswerExpired && made && (await this.isSettled(ended))) return made;
        throw error;
      }
    };
    return this.lateSettlements.settle(attempt, ended.expiresAt, () =>
      releaseAfterFailure(this.unitOfWork, this.holds, ended.turnId),
    );
  }

  private settleOnce(ended: HeldAnswer, onMade: (turn: Turn) => void): Promise<Turn> {
    const settleAs = (one: HeldAnswer) =>
      canShareBatch(one)
        ? this.captureInBatch(one, onMade)
        : this.unitOfWork.runOneAtATime(one.principal.userId, async (tx) => {
            const turn = await this.resolve(tx, one);
            onMade(turn);
            return turn;
          });
    return settleAs(ended).catch((error: unknown) => {
      if (!isForeignKeyViolation(error)) throw error;
      return settleAs({ ...ended, isKept: false });
    });
  }

  /** Returns whether an earlier attempt resolved the hold as this answer does. */
  private async isSettled({ turnId, outcome }: HeldAnswer): Promise<boolean> {
    const state = await this.holds.stateOf(turnId);
    return state === (outcome.status === 'failed' ? 'released' : 'captured');
  }

  private resolve(tx: Tx, ended: HeldAnswer): Promise<Turn> {
    return ended.outcome.status === 'failed' ? this.release(tx, ended) : this.capture(tx, ended);
  }

  private captureInBatch(ended: HeldAnswer, onMade: (turn: Turn) => void): Promise<Turn> {
    const { turnId: holdId, outcome, principal } = ended;
    const note = ledgerNote(principal, ended.modelId, holdId);
    const capture = {
      holdId,
      ownerId: principal.userId,
      amount: outcome.amount,
      note,
      turnBytes: turnBytesOf(ended),
    };
    return this.batchedCaptures.capture(capture, (tx, captured) => {
      const turn = this.turns.save(tx, ended, { holdId, ...captured });
      onMade(turn);
      return turn;
    });
  }

  private async capture(tx: Tx, ended: HeldAnswer): Promise<Turn> {
    const { turnId, outcome } = ended;
    const note = ledgerNote(ended.principal, ended.modelId, turnId);
    const captured = await this.holds.capture(tx, turnId, outcome.amount, note, turnBytesOf(ended));
    if (!captured) throw new AnswerExpired();
    return this.turns.save(tx, ended, { holdId: turnId, ...captured });
  }

  /** Releases the hold of a failed answer, and frees its idempotency key. */
  private async release(tx: Tx, ended: HeldAnswer): Promise<Turn> {
    const { turnId } = ended;
    // If the hold has expired, the conversation may be deleted, and there may be no row to save the turn to.
    const released = await this.holds.release(tx, turnId, 'released', turnBytesOf(ended));
    if (!released) throw new AnswerExpired();
    return this.turns.save(tx, ended, { holdId: turnId, ...released });
  }
}

/**
 * Returns whether the capture can share a batch. A cap has its own row, which other transactions may be
 * changing, so an answer that counts against a cap is captured alone.
 */
const canShareBatch = ({ outcome, principal }: HeldAnswer) =>
  outcome.status !== 'failed' && principal.key === undefined;

const turnBytesOf = ({ content, question, isKept = question.isKept }: HeldAnswer) =>
  bytesOf(content, { isKept });
