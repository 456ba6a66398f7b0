import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { ModelsModule } from '../models/models.module.js';
import { ResponseContextService } from './response-context.service.js';
import { ResponsesController } from './responses.controller.js';
import { ResponsesService } from './responses.service.js';

@Module({
  imports: [ChatModule, ConversationsModule, ModelsModule],
  controllers: [ResponsesController],
  providers: [ResponseContextService, ResponsesService],
})
export class ResponsesModule {}
