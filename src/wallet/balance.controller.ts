import { Controller, Get } from '@nestjs/common';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { WalletDocs } from './wallet.docs.js';
import type { BalanceDto } from './wallet.dto.js';
import { WalletService } from './wallet.service.js';

/** The amount that the caller can spend. */
@Controller('api/token-balance')
export class BalanceController {
  constructor(private readonly wallets: WalletService) {}

  @WalletDocs.balance()
  @Access('wallet')
  @Get()
  async balance(@CurrentPrincipal() { userId }: Principal): Promise<BalanceDto> {
    return { tokens: await this.wallets.available(userId) };
  }
}
