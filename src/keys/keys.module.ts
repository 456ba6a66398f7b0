import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { KeyFinder } from './key-finder.js';
import { KeysController } from './keys.controller.js';
import { KeysService } from './keys.service.js';

/** API keys: who may speak for a person, within what bounds. */
@Module({
  imports: [UsersModule, WalletModule],
  controllers: [KeysController],
  providers: [KeyFinder, KeysService],
  exports: [KeyFinder],
})
export class KeysModule {}
