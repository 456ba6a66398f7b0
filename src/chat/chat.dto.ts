import { TextField } from '../http/fields.js';

/** What a chat sends. The length limit is a setting, so `ChatService` holds it. */
export class ChatDto {
  @TextField()
  message!: string;
}
