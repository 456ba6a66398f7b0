import { Module } from '@nestjs/common';
import { WalletModule } from '../wallet/wallet.module.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { ConversationsController } from '../conversations/conversations.controller.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { HistoryService } from '../conversations/history.service.js';
import { ModelCatalogue } from '../models/model-catalogue.js';
import { CompletionReplyService } from '../openai/completion-reply.service.js';
import { OpenAiController } from '../openai/openai.controller.js';
import { Planner } from './planner.js';
import { ReplyService } from './reply.service.js';
import { SettlementService } from './settlement.service.js';

@Module({
  imports: [WalletModule],
  controllers: [ChatController, ConversationsController, OpenAiController],
  providers: [
    ChatService,
    CompletionReplyService,
    ConversationsService,
    HistoryService,
    ModelCatalogue,
    Planner,
    ReplyService,
    SettlementService,
  ],
})
export class ChatModule {}
