import { Injectable } from '@nestjs/common';
import { WriteAheadLog } from '../database/write-ahead-log.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { LastStaffMember } from '../errors.js';
import { UsersService } from '../users/users.service.js';
import { PasswordsService } from './passwords.service.js';
import { RowDeletion } from './row-deletion.js';

/**
 * Deletes a user and all that the user wrote. Wallet, ledger and holds stay for the books. They contain no
 * name, only an id that no longer refers to a user. An answer in progress is settled as usual, but not saved.
 */
@Injectable()
export class AccountDeletion {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly rows: RowDeletion,
    private readonly writeAheadLog: WriteAheadLog,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Resolves when nothing is left. On SQLite the file's free pages contain nothing either, and the write-ahead log
   * contains nothing as soon as no reader uses it. If the deletion is interrupted, the account still exists, and the next call
   * continues. Throws `ValidationFailed` for a wrong password and `LastStaffMember` for the last operator.
   */
  async remove(userId: string, password: string): Promise<void> {
    const user = await this.passwords.requireUser(userId);
    await this.passwords.assertPassword('password', user, password);
    if (user.isStaff) await this.unitOfWork.run((tx) => this.assertNotLast(tx, userId));
    await this.rows.removeTexts(userId);
    await this.unitOfWork.run(async (tx) => {
      if (user.isStaff) await this.assertNotLast(tx, userId);
      await this.rows.removeTraces(tx, userId);
      // This also deletes the sessions, the links, and what was written meanwhile.
      await this.users.remove(tx, userId);
    });
    await this.writeAheadLog.empty();
  }

  private async assertNotLast(tx: Tx, userId: string): Promise<void> {
    const staff = await this.users.lockStaff(tx);
    if (staff.length === 1 && staff[0] === userId) throw new LastStaffMember();
  }
}
