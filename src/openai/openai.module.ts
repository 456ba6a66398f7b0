import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { ModelsModule } from '../models/models.module.js';
import { CompletionAnswerWriter } from './completion-answer-writer.js';
import { OpenAiController } from './openai.controller.js';

@Module({
  imports: [ChatModule, ModelsModule],
  controllers: [OpenAiController],
  providers: [CompletionAnswerWriter],
})
export class OpenAiModule {}
