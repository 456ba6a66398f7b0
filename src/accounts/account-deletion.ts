import { Injectable } from '@nestjs/common';
import { Journal } from '../database/journal.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { LastStaffMember } from '../errors.js';
import { UsersService } from '../users/users.service.js';
import { CapsService } from '../wallet/caps.service.js';
import { PasswordsService } from './passwords.service.js';

/** Rows that one transaction deletes: many together would keep SQLite's one writer from everybody else. */
const BATCH_ROWS = 100;

/**
 * Removes a person and what they wrote. Their wallet, ledger and holds stay, for the books, and name nobody: they have an
 * id that leads nowhere any more. An answer under way is settled as ever, and finds nothing to be saved to.
 */
@Injectable()
export class AccountDeletion {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly caps: CapsService,
    private readonly journal: Journal,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Returns when nothing is left, on SQLite in the bytes of the file either. Broken off in between, the
   * account is still there, and deleting it again goes on. Throws `ValidationFailed` for a wrong password
   * and `LastStaffMember`.
   */
  async remove(userId: string, password: string): Promise<void> {
    const user = await this.passwords.demand(userId);
    await this.passwords.assertPassword('password', user, password);
    if (user.isStaff) await this.unitOfWork.run((tx) => this.assertNotLast(tx, userId));
    while ((await this.unitOfWork.run((tx) => removeTurns(tx, userId))) === BATCH_ROWS);
    while ((await this.unitOfWork.run((tx) => removeConversations(tx, userId))) === BATCH_ROWS);
    await this.unitOfWork.run(async (tx) => {
      if (user.isStaff) await this.assertNotLast(tx, userId);
      await forgetKeys(tx, userId);
      await this.caps.removeAll(tx, userId);
      // With it go the sessions, the links, and what was written meanwhile.
      await this.users.remove(tx, userId);
    });
    await this.journal.empty();
  }

  private async assertNotLast(tx: Tx, userId: string): Promise<void> {
    const staff = await this.users.lockStaff(tx);
    if (staff.length === 1 && staff[0] === userId) throw new LastStaffMember();
  }
}

async function removeTurns(tx: Tx, ownerId: string): Promise<number> {
  const gone = await tx.write(
    `/* account.remove_turns */ DELETE FROM turns WHERE id IN
       (SELECT id FROM turns WHERE owner_id = $1 ORDER BY ordinal LIMIT ${String(BATCH_ROWS)}) RETURNING id`,
    [ownerId],
  );
  return gone.length;
}

async function removeConversations(tx: Tx, ownerId: string): Promise<number> {
  const gone = await tx.write(
    `/* account.remove_conversations */ DELETE FROM conversations WHERE id IN
       (SELECT id FROM conversations WHERE owner_id = $1 ORDER BY ordinal LIMIT ${String(BATCH_ROWS)}) RETURNING id`,
    [ownerId],
  );
  return gone.length;
}

/** An Idempotency-Key is the person's own text, and so is the name of an API key. */
async function forgetKeys(tx: Tx, ownerId: string): Promise<void> {
  await tx.write(
    `/* account.forget_hold_keys */ UPDATE holds SET claim_route = NULL, claim_key = NULL, claim_hash = NULL
     WHERE owner_id = $1 AND claim_key IS NOT NULL RETURNING id`,
    [ownerId],
  );
  await tx.write(
    `/* account.forget_ledger_keys */ UPDATE ledger_entries SET claim_route = NULL, claim_key = NULL, claim_hash = NULL
     WHERE owner_id = $1 AND claim_key IS NOT NULL RETURNING id`,
    [ownerId],
  );
  await tx.write(
    `/* account.forget_key_names */ UPDATE ledger_entries SET key_name = NULL
     WHERE owner_id = $1 AND key_name IS NOT NULL RETURNING id`,
    [ownerId],
  );
}
