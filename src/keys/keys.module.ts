import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { KeyFinder } from './key-finder.js';
import { KeysController } from './keys.controller.js';
import { KeysService } from './keys.service.js';

/** API keys: credentials of a user with scopes and a spending cap. */
@Module({
  imports: [UsersModule, WalletModule],
  controllers: [KeysController],
  providers: [KeyFinder, KeysService],
  exports: [KeyFinder],
})
export class KeysModule {}
