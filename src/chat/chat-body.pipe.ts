import { Injectable, type Type } from '@nestjs/common';
import { BodyPipe } from '../fields/body.pipe.js';
import { ChatDto } from './chat.dto.js';
import { UiChatDto } from './ui-chat.dto.js';

/**
 * Chooses the body's type. Two kinds of clients use this path. `messages` of the AI SDK are read only if
 * `message` is absent or null.
 */
@Injectable()
export class ChatBodyPipe extends BodyPipe {
  protected override typeFor(fields: object): Type<object> {
    const { message, messages } = fields as { message?: unknown; messages?: unknown };
    const isUiChat = (message ?? undefined) === undefined && Array.isArray(messages);
    return isUiChat ? UiChatDto : ChatDto;
  }
}
