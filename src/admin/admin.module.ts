import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { AdminController } from './admin.controller.js';
import { OperatorsService } from './operators.service.js';

@Module({
  imports: [UsersModule, WalletModule],
  controllers: [AdminController],
  providers: [OperatorsService],
  exports: [OperatorsService],
})
export class AdminModule {}
