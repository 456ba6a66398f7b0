import { Inject, Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type Config } from '../config.js';
import { nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Unavailable, ValidationFailed } from '../errors.js';
import { codePoints } from '../http/text.js';
import { WalletService, type Settlement } from '../wallet/wallet.service.js';
import { Conversation } from './conversation.entity.js';
import { PROVIDER, readToEnd, type CompletionProvider } from './providers/provider.js';
import { Turn } from './turn.entity.js';

const ANSWER_TIMEOUT_MS = 120_000;

/** A saved turn and what it did to the wallet. */
export interface PaidTurn {
  readonly turn: Turn;
  readonly settlement: Settlement;
}

/**
 * The life of a paid message: hold, ask, settle. No transaction is open while the provider answers, and
 * whatever ends the request, the hold is captured, released, or expires by itself.
 */
@Injectable()
export class ChatService {
  private readonly logger = new Logger(ChatService.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    @Inject(PROVIDER) private readonly provider: CompletionProvider,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Answers `message` for the price of one. Throws `InsufficientBalance` before the provider is asked. */
  async reply(ownerId: string, message: string): Promise<PaidTurn> {
    this.assertLength(message);
    const price = this.config.pricePerMessage;
    const holdId = await this.unitOfWork.run((tx) => this.wallets.hold(tx, ownerId, price));
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const question = [{ role: 'user', content: message }] as const;
      const response = await readToEnd(this.provider.complete(question, { signal }));
      return await this.unitOfWork.run((tx) =>
        this.settle(tx, { ownerId, holdId, message, response, amount: price }),
      );
    } catch (error) {
      await this.giveBack(holdId);
      throw error;
    }
  }

  /** Takes the price and saves the turn, both or neither. */
  private async settle(
    tx: Tx,
    paid: Pick<Turn, 'ownerId' | 'holdId' | 'message' | 'response' | 'amount'>,
  ): Promise<PaidTurn> {
    const id = uuidv7();
    const why = { reason: 'chat message', turnId: id };
    const settlement = await this.wallets.capture(tx, paid.holdId, paid.amount, why);
    if (!settlement) throw new Unavailable('The answer took too long. Nothing was charged.', 1);
    const createdAt = nowMicros();
    const conversationId = uuidv7();
    const { ownerId } = paid;
    await tx.manager.insert(Conversation, { id: conversationId, ownerId, createdAt });
    const model = this.provider.model;
    const turn: Turn = { id, conversationId, model, status: 'complete', createdAt, ...paid };
    await tx.manager.insert(Turn, turn);
    return { turn, settlement };
  }

  /** A failure here must not hide the one that brought us here; the hold then expires by itself. */
  private async giveBack(holdId: string): Promise<void> {
    try {
      await this.unitOfWork.run((tx) => this.wallets.release(tx, holdId));
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
