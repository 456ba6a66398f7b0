import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { AdminController } from './admin.controller.js';
import { KeyedCodes } from './keyed-codes.js';
import { NewUsers } from './new-users.js';
import { OperatorCodes } from './operator-codes.js';
import { OperatorGrants } from './operator-grants.js';
import { OperatorsService } from './operators.service.js';
import { TrailService } from './trail.service.js';
import { UsageOfAll } from './usage-of-all.js';
import { AdminUsersController } from './users.controller.js';

@Module({
  imports: [AccountsModule, AuthModule, UsageModule, UsersModule, WalletModule],
  controllers: [AdminController, AdminUsersController],
  providers: [
    KeyedCodes,
    NewUsers,
    OperatorCodes,
    OperatorGrants,
    OperatorsService,
    TrailService,
    UsageOfAll,
  ],
})
export class AdminModule {}
