import { ApiProperty } from '@nestjs/swagger';
import { TextField } from '../fields/text-field.js';
import { OutputId, OutputText, OutputTime } from '../fields/field-docs.js';
import { PageOf } from '../openapi/page.dto.js';
import { TurnDto } from './turn.dto.js';
import { TITLE_MAX_CHARS } from './title.js';

const SYSTEM_MAX_CHARS = 20_000;
const MODEL_MAX_CHARS = 200;
const TITLE = 'Holiday plans';
const SYSTEM = 'Answer in one sentence.';

/** The fields that can be set when a conversation is opened or later. */
export class ConversationSettingsDto {
  @TextField({
    optional: true,
    mayBeBlank: true,
    maxCodePoints: TITLE_MAX_CHARS,
    docs: {
      description:
        'The name, stored on one line. If it is blank, the beginning of the next message replaces it.',
      examples: [TITLE],
    },
  })
  title?: string;

  @TextField({
    optional: true,
    mayBeNull: true,
    maxCodePoints: MODEL_MAX_CHARS,
    docs: {
      description: 'The model for messages that do not name a model. Null: the default model.',
      examples: ['echo'],
    },
  })
  model?: string | null;

  @TextField({
    optional: true,
    mayBeNull: true,
    maxCodePoints: SYSTEM_MAX_CHARS,
    docs: {
      description: 'Instructions that the model gets before all messages. Null: none.',
      examples: [SYSTEM],
    },
  })
  system?: string | null;
}

/** A conversation. */
export class ConversationDto {
  @OutputId('The conversation.')
  readonly id!: string;

  @OutputText('The name. If none was given, it is empty until the first message.', {
    examples: [TITLE],
  })
  readonly title!: string;

  @OutputText('The model for messages that do not name a model. Null: the default model.', {
    examples: ['echo'],
    nullable: true,
  })
  readonly model!: string | null;

  @OutputText('Instructions that the model gets before all messages.', {
    examples: [SYSTEM],
    nullable: true,
  })
  readonly system!: string | null;

  @OutputTime('When it was opened.')
  readonly created_at!: string;

  @OutputTime('When it was last changed or got a message.')
  readonly updated_at!: string;
}

/** A page of conversations. */
export class ConversationPageDto extends PageOf(ConversationDto) {}

/** A conversation with all its turns. */
export class ConversationExportDto {
  @ApiProperty({ type: ConversationDto, description: 'The conversation.' })
  readonly conversation!: ConversationDto;

  @ApiProperty({ type: [TurnDto], description: 'All turns, oldest first.' })
  readonly turns!: TurnDto[];
}
