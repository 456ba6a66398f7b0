import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { isUniqueViolation } from '../database/database-errors.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { codePoints, tooLong } from '../drf/text.js';
import { ValidationFailed } from '../errors.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { normalizeEmail } from './email.js';
import { PasswordHasher, type HashLine } from './passwords/password-hasher.js';
import { passwordFaults } from './passwords/password-rules.js';
import { USERNAME_MAX } from './username.js';

/** The error for a taken username. */
export const USERNAME_TAKEN = 'A user with that username already exists.';

/** The fields of a user to create. */
export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly email: string;
}

/** Creates a user and a wallet with the opening grant, all or nothing. */
@Injectable()
export class UserCreation {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly hasher: PasswordHasher,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Returns the error for a name that is taken, or too long in its stored form: NFKC writes `ﬃ` as three letters. */
  async nameFault(username: string): Promise<string | undefined> {
    if (codePoints(username.normalize('NFKC')) > USERNAME_MAX) return tooLong(USERNAME_MAX);
    return (await this.users.findByUsername(username)) ? USERNAME_TAKEN : undefined;
  }

  /**
   * Creates a user, and runs `finish` in the same transaction. `lineOf` returns the line for the hash. It is not called
   * for a weak password. Throws `ValidationFailed` for a weak password or a taken name, and `TooManyLogins` if the line
   * is full.
   */
  async create<T>(
    { username, password, email }: NewUser,
    lineOf: () => HashLine,
    finish: (tx: Tx, userId: string) => T | Promise<T>,
  ): Promise<T> {
    const faults = await passwordFaults(password, { username, email });
    if (faults.length > 0) throw new ValidationFailed({ password: faults });
    // Before the transaction, because a hash uses a core for tens of milliseconds.
    const passwordHash = await this.hasher.hash(password, lineOf());
    try {
      // In turn, because adding to the list of users locks one row that all registrations share.
      return await this.unitOfWork.runOneAtATime('the list of users', async (tx) => {
        const user = { username, email: normalizeEmail(email), passwordHash };
        const userId = await this.users.add(tx, user);
        this.wallets.open(tx, userId, this.config.openingGrant);
        return await finish(tx, userId);
      });
    } catch (error) {
      // Two registrations of one name passed the check at the same time. The unique key accepted only one.
      if (isUniqueViolation(error)) throw new ValidationFailed({ username: [USERNAME_TAKEN] });
      throw error;
    }
  }
}
