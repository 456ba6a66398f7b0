import { Module } from '@nestjs/common';
import { LongReads } from '../database/long-reads.js';
import { RequestGate } from '../http/request-gate.js';
import { ModelsModule } from '../models/models.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { ActiveConversations } from './active-conversations.js';
import { ClientChats } from './client-chats.service.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationContext } from './conversation-context.js';
import { ConversationErasure } from './conversation-erasure.js';
import { ConversationPages } from './conversation-pages.js';
import { ConversationsService } from './conversations.service.js';
import { HistoryController } from './history.controller.js';
import { HistoryService } from './history.service.js';
import { SavingOrder } from './saving-order.js';
import { TurnFinder } from './turn-finder.service.js';
import { WholeTurnsService } from './whole-turns.service.js';

/** A search waits this long for an earlier one. If the user is still typing, the page has aborted that one by then. */
const SEARCH_WAIT_MS = 1000;

@Module({
  imports: [ModelsModule, WalletModule],
  controllers: [HistoryController, ConversationsController],
  providers: [
    ActiveConversations,
    ClientChats,
    ConversationContext,
    ConversationErasure,
    ConversationsService,
    ConversationPages,
    HistoryService,
    SavingOrder,
    TurnFinder,
    WholeTurnsService,
    {
      provide: LongReads,
      useFactory: (gate: RequestGate) => new LongReads(SEARCH_WAIT_MS, () => gate.depth),
      inject: [RequestGate],
    },
  ],
  exports: [
    ClientChats,
    ConversationContext,
    ConversationsService,
    HistoryService,
    WholeTurnsService,
  ],
})
export class ConversationsModule {}
