import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { ValidationFailed } from '../errors.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { AccessTokens } from './access-tokens.js';
import type { RegisterDto } from './auth.dto.js';
import { normalizeEmail } from './email.js';
import { PasswordHasher } from './password-hasher.js';
import { passwordFaults } from './password-rules.js';

/** The sentence for a taken name. */
export const USERNAME_TAKEN = 'A user with that username already exists.';

/** Makes a user, a wallet with the opening grant and an access token, all or nothing. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly accessTokens: AccessTokens,
    private readonly hasher: PasswordHasher,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Returns the new user's access token. Throws `ValidationFailed` for a weak password or a taken name. */
  async register({ username, password, email = '' }: RegisterDto): Promise<string> {
    const faults = passwordFaults(password, { username, email });
    if (faults.length > 0) throw new ValidationFailed({ password: faults });
    // Before the transaction: a hash takes a core for tens of milliseconds.
    const passwordHash = await this.hasher.hash(password);
    try {
      return await this.unitOfWork.run(async (tx) => {
        const user = { username, email: normalizeEmail(email), passwordHash };
        const userId = this.users.add(tx, user);
        this.wallets.open(tx, userId, this.config.openingGrant);
        return this.accessTokens.issue(tx, userId);
      });
    } catch (error) {
      // Two registrations of one name passed the check together; the unique key let one through.
      if (isUniqueViolation(error)) throw new ValidationFailed({ username: [USERNAME_TAKEN] });
      throw error;
    }
  }
}
