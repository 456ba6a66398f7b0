import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { ClientChats } from './client-chats.service.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationErasure } from './conversation-erasure.js';
import { ConversationPages } from './conversation-pages.js';
import { ConversationsService } from './conversations.service.js';
import { HistoryController } from './history.controller.js';
import { SearchQueue } from './search-queue.js';
import { HistoryService } from './history.service.js';
import { SavingOrder } from './saving-order.js';
import { TurnFinder } from './turn-finder.service.js';
import { WholeTurnsService } from './whole-turns.service.js';

@Module({
  imports: [ModelsModule, WalletModule],
  controllers: [HistoryController, ConversationsController],
  providers: [
    ClientChats,
    ConversationErasure,
    ConversationsService,
    ConversationPages,
    HistoryService,
    SavingOrder,
    SearchQueue,
    TurnFinder,
    WholeTurnsService,
  ],
  exports: [ClientChats, ConversationsService, HistoryService, WholeTurnsService],
})
export class ConversationsModule {}
