import { Module } from '@nestjs/common';
import { WalletModule } from '../wallet/wallet.module.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { HistoryService } from './history.service.js';
import { EchoProvider } from './providers/echo.provider.js';
import { PROVIDER } from './providers/provider.js';

@Module({
  imports: [WalletModule],
  controllers: [ChatController],
  providers: [ChatService, HistoryService, { provide: PROVIDER, useClass: EchoProvider }],
})
export class ChatModule {}
