import { OutputId, OutputInteger, OutputText, OutputTime } from '../fields/field-docs.js';
import { PageOf } from '../openapi/page.dto.js';

export const MESSAGE_EXAMPLE = 'Hello, how does this work?';
export const RESPONSE_EXAMPLE = `This is a dummy AI response to your message: '${MESSAGE_EXAMPLE}'`;

/** A saved turn. */
export class TurnDto {
  @OutputId('The turn.')
  readonly id!: string;

  @OutputId('The conversation it belongs to.')
  readonly conversation!: string;

  @OutputText('The message of the user.', { examples: [MESSAGE_EXAMPLE] })
  readonly message!: string;

  @OutputText('The answer of the model.', { examples: [RESPONSE_EXAMPLE] })
  readonly response!: string;

  @OutputText('The model that answered.', { examples: ['echo'] })
  readonly model!: string;

  @OutputText(
    'The API key that sent the message, with its name at that time. Null for a session.',
    {
      nullable: true,
      examples: ['laptop'],
    },
  )
  readonly key!: string | null;

  @OutputText('Whether the answer is complete.', { enum: ['complete', 'aborted', 'failed'] })
  readonly status!: string;

  @OutputInteger('The tokens that it cost.', { examples: [100] })
  readonly tokens!: number;

  @OutputTime('When it was saved.')
  readonly timestamp!: string;
}

/** A page of the history. */
export class TurnPageDto extends PageOf(TurnDto) {}
