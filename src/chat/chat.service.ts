import { Inject, Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type Config } from '../config.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { IdempotencyKeyInUse, Unavailable, ValidationFailed } from '../errors.js';
import type { Principal } from '../http/request.decorators.js';
import { codePoints } from '../http/text.js';
import { claimOf, type Claim } from '../wallet/claim.js';
import { HoldsService } from '../wallet/holds.service.js';
import { Conversation } from './conversation.entity.js';
import { HistoryService } from './history.service.js';
import { PROVIDER, readToEnd, type CompletionProvider } from './providers/provider.js';
import { Turn } from './turn.entity.js';

const ANSWER_TIMEOUT_MS = 120_000;

/** A message to be answered. */
export interface Question {
  readonly message: string;
  readonly idempotencyKey: string | undefined;
}

/** A paid turn, and whether it was paid now or is told again. */
export interface Reply {
  readonly turn: Turn;
  readonly isReplay: boolean;
}

/**
 * The life of a paid message: replay, or hold, ask, settle. No transaction is open while the provider
 * answers, and whatever ends the request, the hold is captured, released, or expires by itself.
 */
@Injectable()
export class ChatService {
  private readonly logger = new Logger(ChatService.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly history: HistoryService,
    @Inject(PROVIDER) private readonly provider: CompletionProvider,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Answers a message for the price of one, or tells again the answer that its key already has. Throws
   * `InsufficientBalance` before the provider is asked.
   */
  async reply(principal: Principal, { message, idempotencyKey }: Question): Promise<Reply> {
    this.assertLength(message);
    const claim = claimOf('chat', idempotencyKey, { message });
    const earlier = claim && (await this.replay(principal.userId, claim));
    if (earlier) return { turn: earlier, isReplay: true };
    const amount = this.config.pricePerMessage;
    const holdId = await this.hold(principal.userId, amount, claim);
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const question = [{ role: 'user', content: message }] as const;
      const response = await readToEnd(this.provider.complete(question, { signal }));
      const turn = await this.unitOfWork.run((tx) =>
        this.settle(tx, principal, { holdId, message, response, amount }),
      );
      return { turn, isReplay: false };
    } catch (error) {
      await this.giveBack(holdId);
      throw error;
    }
  }

  private async hold(ownerId: string, amount: number, claim: Claim | undefined): Promise<string> {
    try {
      return await this.unitOfWork.run((tx) => this.holds.hold(tx, { ownerId, amount, claim }));
    } catch (error) {
      // A twin with the same key got there first: its answer is not ready, or it would have been found.
      if (isUniqueViolation(error)) throw new IdempotencyKeyInUse();
      throw error;
    }
  }

  private async replay(ownerId: string, claim: Claim): Promise<Turn | undefined> {
    const holdId = await this.holds.findClaimed(ownerId, claim);
    return holdId === undefined ? undefined : this.history.ofHold(ownerId, holdId);
  }

  /** Takes the price and saves the turn, both or neither. */
  private async settle(
    tx: Tx,
    { userId: ownerId, credentialId }: Principal,
    paid: Pick<Turn, 'holdId' | 'message' | 'response' | 'amount'>,
  ): Promise<Turn> {
    const id = uuidv7();
    const why = { reason: 'chat message', turnId: id };
    const settlement = await this.holds.capture(tx, paid.holdId, paid.amount, why);
    if (!settlement) throw new Unavailable('The answer took too long. Nothing was charged.', 1);
    const createdAt = nowMicros();
    const conversationId = uuidv7();
    await tx.manager.insert(Conversation, { id: conversationId, ownerId, createdAt });
    const turn: Turn = {
      ...paid,
      id,
      ownerId,
      conversationId,
      credentialId,
      model: this.provider.model,
      status: 'complete',
      availableAfter: settlement.available,
      createdAt,
    };
    await tx.manager.insert(Turn, turn);
    return turn;
  }

  /** A failure here must not hide the one that brought us here; the hold then expires by itself. */
  private async giveBack(holdId: string): Promise<void> {
    try {
      await this.unitOfWork.run((tx) => this.holds.release(tx, holdId, 'released'));
    } catch (error) {
      this.logger.error({ err: error, holdId }, 'a hold was left to expire');
    }
  }

  private assertLength(message: string): void {
    const max = this.config.messageMaxChars;
    if (message.length <= max || codePoints(message) <= max) return;
    const fault = `Ensure this field has no more than ${String(max)} characters.`;
    throw new ValidationFailed({ message: [fault] });
  }
}
