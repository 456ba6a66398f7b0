import { Module } from '@nestjs/common';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { ModelsModule } from '../models/models.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { ConversationMessagesController } from './conversation-messages.controller.js';
import { Planner } from './planner.js';
import { AnswerWriter } from './answer-writer.js';
import { SettlementService } from './settlement.service.js';

@Module({
  imports: [ConversationsModule, ModelsModule, WalletModule],
  controllers: [ChatController, ConversationMessagesController],
  providers: [ChatService, Planner, AnswerWriter, SettlementService],
  exports: [ChatService],
})
export class ChatModule {}
