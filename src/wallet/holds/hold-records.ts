import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { ProcessLease } from '../../database/process-lease.js';
import type { Tx } from '../../database/transactions/tx.js';
import { newId } from '../../new-id.js';
import type { Micros } from '../../time.js';
import { holdLifetime } from './hold-lifetime.js';
import { Hold } from './hold.entity.js';
import { idempotencyColumns } from '../idempotency-record.js';
import type { Spend } from '../spending.js';

/** A spend for an answer that will be saved. */
export interface AnswerSpend extends Spend {
  /** The id for the hold; a new id if absent. */
  readonly holdId?: string;
  /** The part of `stored.bytes` that is counted again, with the size of the saved turn, when the hold ends. */
  readonly turnBytes?: number;
}

/** Stores new holds, with their lifetime and the process that answers for them. */
@Injectable()
export class HoldRecords {
  constructor(
    private readonly lease: ProcessLease,
    private readonly clock: DatabaseClock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Stores the hold that a wallet has just set aside. Returns its id. */
  add(tx: Tx, spend: AnswerSpend, createdAt: Micros): string {
    const { ownerId, amount, holdId: id = newId(), capId, turnBytes = 0, idempotency } = spend;
    tx.insertLater(Hold, {
      id,
      ownerId,
      amount,
      capturedAmount: 0,
      state: 'open',
      expiresAt: this.clock.now() + holdLifetime(this.config),
      createdAt,
      resolvedAt: null,
      processId: this.lease.id,
      stopAskedAt: null,
      capId: capId ?? null,
      storedBytes: turnBytes,
      ...idempotencyColumns(idempotency),
    });
    return id;
  }
}
