import { BooleanField } from '../fields/boolean-field.js';
import { TextField } from '../fields/text-field.js';
import { MESSAGE_EXAMPLE, RESPONSE_EXAMPLE } from '../conversations/turn.dto.js';
import { ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';

/** A message in a conversation. `Planner` checks its length, because the limit is a setting. */
export class MessageDto {
  @TextField({
    docs: {
      description: 'What to say. White space around it is taken off.',
      examples: [MESSAGE_EXAMPLE],
      maxLengthSetting: 'messageMaxChars',
    },
  })
  message!: string;

  @TextField({
    optional: true,
    blankIsNothing: true,
    docs: { description: 'Who is to answer; without it the default.', examples: ['echo'] },
  })
  model?: string;

  @BooleanField({ optional: true, docs: { description: 'Answer as server-sent events.' } })
  stream?: boolean;
}

/** The body of a chat request. */
export class ChatDto extends MessageDto {
  @TextField({
    optional: true,
    blankIsNothing: true,
    docs: { description: 'The conversation to go on with; without it a new one.', format: 'uuid' },
  })
  conversation?: string;
}

/** The price of a message. */
export class QuoteDto {
  @ShownInteger('What it costs for certain: the price of a message, or that of the prompt alone.', {
    examples: [100],
  })
  readonly tokens!: number;

  @ShownText('The model that would answer.', { examples: ['echo'] })
  readonly model!: string;

  @ShownInteger('What it costs at most: this much is set aside, or the wallet where it has less.', {
    examples: [100],
  })
  readonly ceiling!: number;
}

/** A paid answer. */
export class ChatAnswerDto {
  @ShownText('What was said, as it was understood.', { examples: [MESSAGE_EXAMPLE] })
  readonly message!: string;

  @ShownText('What the model answers.', { examples: [RESPONSE_EXAMPLE] })
  readonly response!: string;

  @ShownTime('When the answer was saved.')
  readonly timestamp!: string;
}
