import { ApiProperty } from '@nestjs/swagger';
import { ShownInteger, ShownText } from '../fields/field-docs.js';

/** Parts of the thinking, with their pieces joined. */
const ThoughtParts = (provider: string): PropertyDecorator =>
  ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    required: false,
    description: `Parts of the thinking that ${provider} wants back, signed or encrypted.`,
  });

/** The message of an answer. */
export class CompletionAnswerMessageDto {
  @ShownText('Always `assistant`.', { enum: ['assistant'] })
  readonly role!: string;

  @ShownText('The words; null where there are only tool calls.', { nullable: true })
  readonly content!: string | null;

  @ShownText('Always null.', { nullable: true })
  readonly refusal!: string | null;

  @ApiProperty({
    type: 'string',
    required: false,
    description: 'What the model thought, where it tells: to be sent back with its tool calls.',
  })
  readonly reasoning_content?: string;

  @ThoughtParts('OpenRouter')
  readonly reasoning_details?: object[];

  @ThoughtParts('LiteLLM')
  readonly thinking_blocks?: object[];

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    required: false,
    description: 'What the model wants called.',
  })
  readonly tool_calls?: object[];
}

/** The only choice of an answer. */
export class CompletionChoiceDto {
  @ShownInteger('Always 0.')
  readonly index!: number;

  @ApiProperty({ type: CompletionAnswerMessageDto, description: 'What it says.' })
  readonly message!: CompletionAnswerMessageDto;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, description: 'Null.' })
  readonly logprobs!: object | null;

  @ShownText('Why it ends.', { enum: ['stop', 'length', 'tool_calls', 'content_filter'] })
  readonly finish_reason!: string;
}

class PromptTokensDto {
  @ShownInteger('What the provider says it read from its cache; 0 where it told none.')
  readonly cached_tokens!: number;
}

class CompletionTokensDto {
  @ShownInteger('What the provider says was thought; 0 where it told none.')
  readonly reasoning_tokens!: number;
}

/** The counts of model tokens that the price is based on. */
export class CompletionUsageDto {
  @ShownInteger('Of the prompt.')
  readonly prompt_tokens!: number;

  @ShownInteger('Of the answer.')
  readonly completion_tokens!: number;

  @ShownInteger('Of both.')
  readonly total_tokens!: number;

  @ApiProperty({ type: PromptTokensDto, description: 'Of the prompt.' })
  readonly prompt_tokens_details!: PromptTokensDto;

  @ApiProperty({ type: CompletionTokensDto, description: 'Of the answer.' })
  readonly completion_tokens_details!: CompletionTokensDto;
}

/** A complete answer that is not streamed. */
export class CompletionAnswerDto {
  @ShownText('The answer: `chatcmpl-` and the id of the turn, without its dashes.')
  readonly id!: string;

  @ShownText('Always `chat.completion`.', { enum: ['chat.completion'] })
  readonly object!: string;

  @ShownInteger('When it was asked for, in seconds since 1970.')
  readonly created!: number;

  @ShownText('The model that answered.', { examples: ['echo'] })
  readonly model!: string;

  @ApiProperty({ type: [CompletionChoiceDto], description: 'One choice.' })
  readonly choices!: CompletionChoiceDto[];

  @ApiProperty({ type: CompletionUsageDto, description: 'What was used.' })
  readonly usage!: CompletionUsageDto;
}

/** A model that callers can name. */
export class ModelDto {
  @ShownText('Its name.', { examples: ['echo'] })
  readonly id!: string;

  @ShownText('Always `model`.', { enum: ['model'] })
  readonly object!: string;

  @ShownInteger('A moment, in seconds since 1970; the same for all.')
  readonly created!: number;

  @ShownText('Always `tallychat`.', { enum: ['tallychat'] })
  readonly owned_by!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer', minimum: 0 },
    description:
      'What it costs, in tokens of the wallet: `perMessage`; or `per1k` or `perMillion` with `Prompt`, `Completion` and perhaps `CachedPrompt`, for so many model tokens.',
    examples: [{ perMessage: 100 }],
  })
  readonly price!: object;

  @ShownInteger('What prompt and answer may have together, in model tokens.', {
    examples: [1_000_000],
  })
  readonly context_length!: number;
}

/** The list of all models that callers can name. */
export class ModelListDto {
  @ShownText('Always `list`.', { enum: ['list'] })
  readonly object!: string;

  @ApiProperty({ type: [ModelDto], description: 'The models, the default first.' })
  readonly data!: ModelDto[];
}
