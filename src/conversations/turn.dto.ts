import { ShownId, ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';
import { PageOf } from '../openapi/page.dto.js';

export const MESSAGE_EXAMPLE = 'Hello, how does this work?';
export const RESPONSE_EXAMPLE = `This is a dummy AI response to your message: '${MESSAGE_EXAMPLE}'`;

/** A saved turn. */
export class TurnDto {
  @ShownId('The turn.')
  readonly id!: string;

  @ShownId('The conversation it belongs to.')
  readonly conversation!: string;

  @ShownText('What was said.', { examples: [MESSAGE_EXAMPLE] })
  readonly message!: string;

  @ShownText('What the model answered.', { examples: [RESPONSE_EXAMPLE] })
  readonly response!: string;

  @ShownText('The model that answered.', { examples: ['echo'] })
  readonly model!: string;

  @ShownText('The API key it was asked with, by its name then; null for a session.', {
    nullable: true,
    examples: ['laptop'],
  })
  readonly key!: string | null;

  @ShownText('Whether the answer came to its end.', { enum: ['complete', 'aborted', 'failed'] })
  readonly status!: string;

  @ShownInteger('What it cost.', { examples: [100] })
  readonly tokens!: number;

  @ShownTime('When it was saved.')
  readonly timestamp!: string;
}

/** A page of the history. */
export class TurnPageDto extends PageOf(TurnDto) {}
