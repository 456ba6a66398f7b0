import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { ModelsModule } from '../models/models.module.js';
import { OpenAiController } from './openai.controller.js';

@Module({
  imports: [ChatModule, ModelsModule],
  controllers: [OpenAiController],
})
export class OpenAiModule {}
