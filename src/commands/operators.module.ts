import { Module, type DynamicModule } from '@nestjs/common';
import { PasswordLinks } from '../accounts/password-links.js';
import { OperatorsService } from '../admin/operators.service.js';
import { TrailService } from '../admin/trail.service.js';
import { AccessTokens } from '../auth/access-tokens.js';
import { JWT_KEY, loadJwtKey } from '../auth/jwt-key.js';
import { LoginNetworks } from '../auth/login-networks.js';
import { PasswordHasher } from '../auth/password-hasher.js';
import { RegistrationService } from '../auth/registration.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import { CONFIG, type Settings } from '../config/config.js';
import { DatabaseModule } from '../database/database.module.js';
import { entities } from '../entities.js';
import { RefusalDelay } from '../limits/refusal-delay.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { UsersModule } from '../users/users.module.js';
import { CapsService } from '../wallet/caps.service.js';
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
        { provide: JWT_KEY, inject: [CONFIG], useFactory: loadJwtKey },
        AccessTokens,
        CapsService,
        RefusalDelay,
        LoginNetworks,
        OperatorsService,
        PasswordHasher,
        PasswordLinks,
        RedemptionService,
        RegistrationService,
        SessionsService,
        TrailService,
        WalletService,
      ],
    };
  }
}
