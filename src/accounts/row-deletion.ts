import { Injectable } from '@nestjs/common';
import { idsOfOldestTurns, sumOfDeleted } from '../conversations/oldest-turns.js';
import {
  CLIENT_CHAT_SIZE,
  CONVERSATION_SIZE,
  sumOfSizes,
  TURN_SIZE,
} from '../conversations/sizes.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { CapsService } from '../wallet/caps.service.js';
import { StorageService } from '../wallet/storage.service.js';

/** Number of conversations that one transaction deletes. A larger number would block SQLite's only writer for too long. */
const BATCH_ROWS = 50;
/** Number of entries and holds that one statement changes: SQLite keeps a copy of their pages in memory meanwhile. */
const STATEMENT_ROWS = 500;

/** Deletes the rows of a user whose account is deleted, except the account itself. */
@Injectable()
export class RowDeletion {
  constructor(
    private readonly caps: CapsService,
    private readonly storage: StorageService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Deletes all turns, conversations and names of API keys, batch by batch. If it is interrupted, the next call
   * continues. Idempotency keys stay until the end, so that a repeated request is not charged again meanwhile.
   */
  async removeTexts(userId: string): Promise<void> {
    while (await this.unitOfWork.run((tx) => this.removeTurns(tx, userId)));
    while (
      (await this.unitOfWork.run((tx) => this.removeConversations(tx, userId))) === BATCH_ROWS
    );
    await forgetKeyNames((work) => this.unitOfWork.run(work), userId);
  }

  /** Removes the caps, and the texts of the user in the rows that stay for the books. */
  async removeTraces(tx: Tx, userId: string): Promise<void> {
    for (const table of ['holds', 'ledger_entries'] as const)
      // Again until none is left, because others may be written meanwhile.
      while ((await forgetKeys(tx, table, userId)) > 0);
    // Charges that were written meanwhile have names too.
    await forgetKeyNames((work) => work(tx), userId);
    await this.caps.removeAll(tx, userId);
  }

  /**
   * Deletes a batch of turns and returns whether others may be left. Subtracts their size from the storage count,
   * because the user remains if the deletion is interrupted.
   */
  private async removeTurns(tx: Tx, ownerId: string): Promise<boolean> {
    await this.storage.lock(tx, ownerId);
    const deleted = await tx.write<{ bytes: number }>(
      `/* account.remove_turns */ DELETE FROM turns WHERE id IN (${idsOfOldestTurns('owner_id = $1')})
       RETURNING ${TURN_SIZE} AS bytes`,
      [ownerId],
    );
    const { bytes, mayBeLeft } = sumOfDeleted(deleted);
    if (bytes > 0) await this.storage.remove(tx, ownerId, { bytes, conversations: 0 });
    return mayBeLeft;
  }

  private async removeConversations(tx: Tx, ownerId: string): Promise<number> {
    await this.storage.lock(tx, ownerId);
    const deleted = await tx.read<{ id: string; bytes: number }>(
      `/* account.conversations */ SELECT id, ${CONVERSATION_SIZE} + (SELECT coalesce(sum(${CLIENT_CHAT_SIZE}), 0)
         FROM client_chats WHERE conversation_id = conversations.id) AS bytes
       FROM conversations WHERE owner_id = $1 ORDER BY ordinal LIMIT ${String(BATCH_ROWS)}`,
      [ownerId],
    );
    await tx.write(
      `/* account.remove_conversations */ DELETE FROM conversations WHERE id = ANY($1) RETURNING id`,
      [deleted.map(({ id }) => id)],
    );
    const stored = { bytes: sumOfSizes(deleted), conversations: deleted.length };
    if (deleted.length > 0) await this.storage.remove(tx, ownerId, stored);
    return deleted.length;
  }
}

/** A row with an idempotency key. */
interface KeyedRow {
  readonly id: string;
  readonly route: string;
  readonly key: string;
}

/**
 * Removes the idempotency keys of all rows, because the user chose their texts. Returns the number of rows. Each step
 * begins in the index where the one before ended: PostgreSQL keeps the entries of changed rows until the commit, and
 * would read them again in each step.
 */
async function forgetKeys(
  tx: Tx,
  table: 'holds' | 'ledger_entries',
  ownerId: string,
): Promise<number> {
  let count = 0;
  let last: Pick<KeyedRow, 'route' | 'key'> | undefined = { route: '', key: '' };
  while (last !== undefined) {
    const { route, key }: Pick<KeyedRow, 'route' | 'key'> = last;
    const rows: KeyedRow[] = await tx.read<KeyedRow>(
      `/* account.keys */ SELECT id, claim_route AS route, claim_key AS key FROM ${table}
       WHERE owner_id = $1 AND claim_key IS NOT NULL AND (claim_route, claim_key) > ($2, $3)
       ORDER BY claim_route, claim_key LIMIT ${String(STATEMENT_ROWS)}`,
      [ownerId, route, key],
    );
    if (rows.length === 0) break;
    await tx.write(
      `/* account.forget_keys */ UPDATE ${table} SET claim_route = NULL, claim_key = NULL, claim_hash = NULL
       WHERE id = ANY($1) RETURNING id`,
      [rows.map(({ id }) => id)],
    );
    count += rows.length;
    last = rows.length < STATEMENT_ROWS ? undefined : rows.at(-1);
  }
  return count;
}

/** Removes the names of API keys from the ledger, each batch with `run`, because the user chose them. */
async function forgetKeyNames(
  run: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  ownerId: string,
): Promise<void> {
  let last: number | undefined = 0;
  while (last !== undefined) {
    const after: number = last;
    const rows = await run((tx) =>
      tx.write<{ seq: number }>(
        `/* account.forget_key_names */ UPDATE ledger_entries SET key_name = NULL WHERE id IN
           (SELECT id FROM ledger_entries WHERE owner_id = $1 AND seq > $2 AND key_name IS NOT NULL
            ORDER BY seq LIMIT ${String(STATEMENT_ROWS)})
         RETURNING seq`,
        [ownerId, after],
      ),
    );
    last = rows.length === 0 ? undefined : Math.max(...rows.map(({ seq }) => seq));
  }
}
