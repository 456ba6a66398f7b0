import { Module } from '@nestjs/common';
import { BalanceController } from './balance.controller.js';
import { CapsService } from './caps.service.js';
import { BatchedCaptures } from './holds/batched-captures.service.js';
import { BatchedHolds } from './holds/batched-holds.service.js';
import { ChargesService } from './charges.service.js';
import { HoldSweeper } from './holds/hold-sweeper.js';
import { HoldStops } from './holds/hold-stops.js';
import { HoldsService } from './holds/holds.service.js';
import { IdempotencyService } from './idempotency.service.js';
import { LateSettlements } from './holds/late-settlements.js';
import { HoldRecords } from './holds/hold-records.js';
import { OldRows } from './old-rows.js';
import { OpenHolds } from './holds/open-holds.js';
import { RedemptionService } from './redemption.service.js';
import { LedgerReader } from './ledger-reader.js';
import { StorageService } from './storage.service.js';
import { WalletController } from './wallet.controller.js';
import { WalletChecker } from './wallet-checker.js';
import { WalletService } from './wallet.service.js';

@Module({
  controllers: [BalanceController, WalletController],
  providers: [
    WalletService,
    CapsService,
    HoldsService,
    BatchedCaptures,
    BatchedHolds,
    ChargesService,
    HoldRecords,
    HoldStops,
    HoldSweeper,
    IdempotencyService,
    OldRows,
    RedemptionService,
    LedgerReader,
    { provide: LateSettlements, useFactory: () => new LateSettlements() },
    OpenHolds,
    StorageService,
    WalletChecker,
  ],
  exports: [
    CapsService,
    WalletService,
    HoldsService,
    BatchedCaptures,
    BatchedHolds,
    ChargesService,
    HoldStops,
    HoldSweeper,
    IdempotencyService,
    LateSettlements,
    RedemptionService,
    OpenHolds,
    StorageService,
    WalletChecker,
  ],
})
export class WalletModule {}
