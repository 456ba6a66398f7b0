import { Module } from '@nestjs/common';
import { BalanceController } from './balance.controller.js';
import { WalletService } from './wallet.service.js';

@Module({
  controllers: [BalanceController],
  providers: [WalletService],
  exports: [WalletService],
})
export class WalletModule {}
