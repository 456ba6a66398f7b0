import { Module } from '@nestjs/common';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { ModelsModule } from '../models/models.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { ConversationMessagesController } from './conversation-messages.controller.js';
import { EarlierAnswers } from './earlier-answers.js';
import { HeldAnswerService } from './held-answer.service.js';
import { InstantAnswerService } from './instant-answer.service.js';
import { Planner } from './planner.js';
import { AnswerHoldService } from './answer-hold.service.js';
import { AnswerWriter } from './answer-writer.js';
import { RunningAnswers } from './running-answers.js';
import { SettlementService } from './settlement.service.js';
import { StopService } from './stop.service.js';
import { TurnWriter } from './turn-writer.js';

@Module({
  imports: [ConversationsModule, ModelsModule, WalletModule],
  controllers: [ChatController, ConversationMessagesController],
  providers: [
    AnswerHoldService,
    AnswerWriter,
    ChatService,
    EarlierAnswers,
    HeldAnswerService,
    InstantAnswerService,
    Planner,
    RunningAnswers,
    SettlementService,
    StopService,
    TurnWriter,
  ],
  exports: [AnswerWriter],
})
export class ChatModule {}
