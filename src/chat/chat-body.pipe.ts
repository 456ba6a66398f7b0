import { Injectable, type Type } from '@nestjs/common';
import { BodyPipe } from '../fields/body.pipe.js';
import { ChatDto } from './chat.dto.js';
import { UiChatDto } from './ui-chat.dto.js';

/** Two kinds of clients meet on one path: the AI SDK's `messages` count only where there is no `message`. */
@Injectable()
export class ChatBodyPipe extends BodyPipe {
  protected override typeFor(fields: object): Type<object> {
    const { message, messages } = fields as { message?: unknown; messages?: unknown };
    const isUiChat = (message ?? undefined) === undefined && Array.isArray(messages);
    return isUiChat ? UiChatDto : ChatDto;
  }
}
