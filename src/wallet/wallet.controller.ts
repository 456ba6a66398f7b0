import { Controller, Get, HttpCode, Post, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { toIso } from '../time.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { Payload } from '../fields/body.pipe.js';
import { IdempotencyKey, markReplay } from '../http/idempotency-key.js';
import { UUID } from '../http/ids.js';
import { NUMBER_OR_ID_KEY, Page, paginate, type PageRequest } from '../http/pagination.js';
import { QueryText } from '../http/query.js';
import { Access, CurrentPrincipal, AcceptsIdempotencyKey } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { idempotencyRecord } from './idempotency-record.js';
import { RedemptionService } from './redemption.service.js';
import { LedgerReader, type LedgerRow } from './ledger-reader.js';
import { WalletDocs } from './wallet.docs.js';
import {
  LimitsDto,
  RedeemDto,
  type LedgerEntryDto,
  type LedgerPageDto,
  type LimitsStateDto,
  type RedeemedDto,
  type WalletDto,
} from './wallet.dto.js';
import { WalletService, type WalletSummary } from './wallet.service.js';

/** The caller's wallet: its balance, its ledger, its limits, and the redemption of codes. */
@Controller('api/wallet')
export class WalletController {
  constructor(
    private readonly wallets: WalletService,
    private readonly entries: LedgerReader,
    private readonly redemptions: RedemptionService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @WalletDocs.summary()
  @Access('wallet')
  @Get()
  async summary(@CurrentPrincipal() { userId }: Principal): Promise<WalletDto> {
    return summaryToWire(await this.wallets.summary(userId));
  }

  @WalletDocs.ledger()
  @Access('wallet')
  @Get('ledger')
  async ledger(
    @CurrentPrincipal() { userId }: Principal,
    @Page() asked: PageRequest,
    @QueryText('turn') turn: string | undefined,
  ): Promise<LedgerPageDto> {
    const isNoId = turn !== undefined && !UUID.test(turn);
    const page = await paginate(
      asked,
      async (keyset) => (isNoId ? [] : this.entries.page(userId, turn, keyset)),
      NUMBER_OR_ID_KEY,
      (entry) => String(entry.seq),
    );
    return { ...page, results: page.results.map(entryToWire) };
  }

  @WalletDocs.limits()
  @Access('session')
  @Put('limits')
  async limits(
    @CurrentPrincipal() { userId }: Principal,
    @Payload() { daily }: LimitsDto,
  ): Promise<LimitsStateDto> {
    await this.unitOfWork.run((tx) => this.wallets.setDailyLimit(tx, userId, daily));
    return summaryToWire(await this.wallets.summary(userId)).limits;
  }

  @WalletDocs.redeem()
  @Access('wallet')
  @AcceptsIdempotencyKey()
  @Post('redeem')
  @HttpCode(200)
  async redeem(
    @CurrentPrincipal() { userId }: Principal,
    @Payload() { code }: RedeemDto,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RedeemedDto> {
    const idempotency = idempotencyRecord('redeem', key, { code });
    const { amount, balance, isReplay } = await this.redemptions.redeem(userId, code, idempotency);
    if (isReplay) markReplay(reply);
    return { tokens: amount, balance };
  }
}

function summaryToWire({ balance, held, available, limits }: WalletSummary): WalletDto {
  return {
    balance,
    held,
    available,
    limits: { daily: limits.daily, spent_today: limits.spentToday },
  };
}

function entryToWire(entry: LedgerRow): LedgerEntryDto {
  return {
    id: entry.id,
    kind: entry.kind,
    amount: entry.amount,
    balance_after: entry.balanceAfter,
    reason: entry.reason,
    turn: entry.turnId,
    model: entry.model,
    key: entry.keyName,
    created_at: toIso(entry.createdAt),
  };
}
