import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn } from 'class-validator';
import { CHAT_ID_MAX } from '../conversations/client-chats.service.js';
import { Nested } from '../fields/field-decorators.js';
import { TextField } from '../fields/text-field.js';

const MESSAGES_MAX = 2048;
const ROLES = ['system', 'user', 'assistant'] as const;

/** A part of a message. Parts of types other than `text` and `file` are skipped. */
export interface UiPart {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly url?: unknown;
  readonly mediaType?: unknown;
  readonly filename?: unknown;
}

/** A message as `useChat()` stores it. */
export class UiMessageDto {
  @ApiProperty({ type: 'string', required: false, description: "The client's own id. Ignored." })
  id?: string;

  @ApiProperty({ type: 'string', enum: [...ROLES], description: 'The author of the message.' })
  @IsIn(ROLES, { message: `Expected one of ${ROLES.join(', ')}.` })
  role!: (typeof ROLES)[number];

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'Texts and files in order. Parts of other types are skipped.',
    examples: [[{ type: 'text', text: 'Hello, how does this work?' }]],
  })
  @IsArray({ message: 'Expected a list of parts.' })
  parts!: readonly (UiPart | null)[];
}

/**
 * The body that `useChat()` of the AI SDK sends. `trigger` and `messageId` are ignored, because `messages` is
 * complete.
 */
export class UiChatDto {
  @TextField({
    optional: true,
    whiteSpace: 'keep',
    maxCodePoints: CHAT_ID_MAX,
    docs: {
      description: "The client's own id of the chat. The same id continues the same conversation.",
    },
  })
  id?: string;

  @ApiProperty({
    type: [UiMessageDto],
    minItems: 1,
    maxItems: MESSAGES_MAX,
    description: 'The whole context. The last message is the question. Its role must be `user`.',
  })
  @ArrayMaxSize(MESSAGES_MAX, { message: `Expected at most ${String(MESSAGES_MAX)} messages.` })
  @ArrayNotEmpty({ message: 'Expected a list of at least one message.' })
  @IsArray({ message: 'Expected a list of at least one message.' })
  @Nested(() => UiMessageDto, { each: true, message: 'Expected a message.' })
  messages!: readonly UiMessageDto[];

  @TextField({
    optional: true,
    isBlankMissing: true,
    docs: { description: 'The model that answers. Absent: the default model.', examples: ['echo'] },
  })
  model?: string;
}
