import { Module } from '@nestjs/common';
import { BalanceController } from './balance.controller.js';
import { ChargesService } from './charges.service.js';
import { HoldSweeper } from './hold-sweeper.js';
import { HoldsService } from './holds.service.js';
import { RedemptionService } from './redemption.service.js';
import { LedgerReader } from './ledger-reader.js';
import { WalletController } from './wallet.controller.js';
import { WalletService } from './wallet.service.js';

@Module({
  controllers: [BalanceController, WalletController],
  providers: [
    WalletService,
    HoldsService,
    ChargesService,
    HoldSweeper,
    RedemptionService,
    LedgerReader,
  ],
  exports: [WalletService, HoldsService, ChargesService, HoldSweeper, RedemptionService],
})
export class WalletModule {}
