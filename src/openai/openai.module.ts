import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { ModelsModule } from '../models/models.module.js';
import { CompletionReplyService } from './completion-reply.service.js';
import { OpenAiController } from './openai.controller.js';

@Module({
  imports: [ChatModule, ModelsModule],
  controllers: [OpenAiController],
  providers: [CompletionReplyService],
})
export class OpenAiModule {}
