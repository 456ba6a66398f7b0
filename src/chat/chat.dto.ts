import { BooleanField } from '../fields/boolean-field.js';
import { TextField } from '../fields/text-field.js';
import { MESSAGE_EXAMPLE, RESPONSE_EXAMPLE } from '../conversations/turn.dto.js';
import { OutputInteger, OutputText, OutputTime } from '../fields/field-docs.js';

/** A message in a conversation. `Planner` checks its length, because the limit is a setting. */
export class MessageDto {
  @TextField({
    docs: {
      description: 'The message. White space around it is removed.',
      examples: [MESSAGE_EXAMPLE],
      maxLengthSetting: 'messageMaxChars',
    },
  })
  message!: string;

  @TextField({
    optional: true,
    isBlankMissing: true,
    docs: { description: 'The model that answers. Absent: the default model.', examples: ['echo'] },
  })
  model?: string;

  @BooleanField({
    optional: true,
    docs: { description: 'Stream the answer as server-sent events.' },
  })
  stream?: boolean;
}

/** The body of a chat request. */
export class ChatDto extends MessageDto {
  @TextField({
    optional: true,
    isBlankMissing: true,
    docs: {
      description: 'The conversation to continue. Absent: a new conversation.',
      format: 'uuid',
    },
  })
  conversation?: string;
}

/** The price of a message. */
export class QuoteDto {
  @OutputInteger(
    'Minimum price in tokens: the price of a message, or the price of only the prompt.',
    {
      examples: [100],
    },
  )
  readonly tokens!: number;

  @OutputText('The model that would answer.', { examples: ['echo'] })
  readonly model!: string;

  @OutputInteger(
    'Maximum price in tokens. This amount is held, or the whole wallet if it has less.',
    {
      examples: [100],
    },
  )
  readonly ceiling!: number;
}

/** A paid answer. */
export class ChatAnswerDto {
  @OutputText('The message, as the service read it.', { examples: [MESSAGE_EXAMPLE] })
  readonly message!: string;

  @OutputText('The answer of the model.', { examples: [RESPONSE_EXAMPLE] })
  readonly response!: string;

  @OutputTime('When the answer was saved.')
  readonly timestamp!: string;
}
