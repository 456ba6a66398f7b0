import { BooleanField } from '../http/boolean-field.js';
import { TextField } from '../http/fields.js';

/** What a chat sends. The length limit is a setting, so `ChatService` holds it. */
export class ChatDto {
  @TextField()
  message!: string;

  @TextField({ optional: true })
  conversation?: string;

  @TextField({ optional: true })
  model?: string;

  @BooleanField({ optional: true })
  stream?: boolean;
}
