import { Injectable } from '@nestjs/common';
import { dayOf, nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { assertAmount } from './amount.js';
import { HoldsService } from './holds.service.js';
import { appendEntry, WALLET_ROW, type WalletRow } from './ledger.js';
import {
  covers,
  insufficient,
  spentOn,
  type Reason,
  type Settlement,
  type Spending,
} from './spending.js';

/** Takes a price at once, where nothing is waited for between its hold and its capture. */
@Injectable()
export class ChargesService {
  constructor(private readonly holds: HoldsService) {}

  /**
   * Holds and captures `amount` whole tokens in one guarded statement, where nothing is waited for in
   * between. Throws as `HoldsService.hold` does.
   */
  async charge(
    tx: Tx,
    spending: Spending,
    why: Reason,
  ): Promise<Settlement & { readonly holdId: string }> {
    const { ownerId, amount } = spending;
    assertAmount(amount);
    const createdAt = nowMicros();
    const entries = amount > 0 ? 1 : 0;
    const [wallet] = await tx.rows<WalletRow>(
      `/* wallet.charge */ UPDATE wallets SET balance = balance - $2, entry_count = entry_count + $4,
         spent_amount = ${spentOn('$3')} + $2, spent_day = $3
       WHERE owner_id = $1 AND ${covers('$2', '$3')} RETURNING ${WALLET_ROW}`,
      [ownerId, amount, dayOf(createdAt), entries],
    );
    if (!wallet) throw await insufficient(tx, ownerId, amount);
    const holdId = this.holds.record(tx, spending, { createdAt, state: 'captured' });
    if (entries > 0)
      appendEntry(tx, wallet, { ownerId, kind: 'charge', amount: -amount, holdId, ...why });
    return { holdId, charged: amount, available: wallet.balance - wallet.held };
  }
}
