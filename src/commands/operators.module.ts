import { Module, type DynamicModule } from '@nestjs/common';
import { PasswordLinks } from '../accounts/password-links.js';
import { NewUsers } from '../admin/new-users.js';
import { OperatorCodes } from '../admin/operator-codes.js';
import { OperatorGrants } from '../admin/operator-grants.js';
import { OperatorsService } from '../admin/operators.service.js';
import { TrailService } from '../admin/trail.service.js';
import { PasswordHasher } from '../auth/passwords/password-hasher.js';
import { SessionsService } from '../auth/sessions.service.js';
import { UserCreation } from '../auth/user-creation.js';
import { CONFIG, type Settings } from '../config/config.js';
import { DatabaseModule } from '../database/database.module.js';
import { entities } from '../entities.js';
import { RefusalDelay } from '../limits/refusal-delay.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { UsersModule } from '../users/users.module.js';
import { CapsService } from '../wallet/caps.service.js';
import { IdempotencyService } from '../wallet/idempotency.service.js';
import { RedemptionService } from '../wallet/redemption.service.js';
import { WalletService } from '../wallet/wallet.service.js';

@Module({})
class SettingsModule {}

/**
 * Provides only the services that the operators' commands need. Loading the routes of the service, and
 * everything that they import, would delay each command by seconds.
 */
@Module({})
export class OperatorsModule {
  static forRoot(settings: Settings): DynamicModule {
    const config = { provide: CONFIG, useValue: settings };
    return {
      module: OperatorsModule,
      imports: [
        { module: SettingsModule, global: true, providers: [config], exports: [CONFIG] },
        DatabaseModule.forRoot(entities),
        MetricsModule,
        UsersModule,
      ],
      providers: [
        CapsService,
        RefusalDelay,
        NewUsers,
        IdempotencyService,
        OperatorCodes,
        OperatorGrants,
        OperatorsService,
        PasswordHasher,
        PasswordLinks,
        RedemptionService,
        SessionsService,
        TrailService,
        UserCreation,
        WalletService,
      ],
    };
  }
}
