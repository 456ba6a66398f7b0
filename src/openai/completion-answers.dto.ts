import { ApiProperty } from '@nestjs/swagger';
import { OutputInteger, OutputText } from '../fields/field-docs.js';

/** Parts of the thinking, with their pieces joined. */
const ThoughtParts = (provider: string): PropertyDecorator =>
  ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    required: false,
    description: `Parts of the thinking that must be sent back to ${provider}, signed or encrypted.`,
  });

/** The message of an answer. */
export class CompletionAnswerMessageDto {
  @OutputText('Always `assistant`.', { enum: ['assistant'] })
  readonly role!: string;

  @OutputText('The text. Null if there are only tool calls.', { nullable: true })
  readonly content!: string | null;

  @OutputText('Always null.', { nullable: true })
  readonly refusal!: string | null;

  @ApiProperty({
    type: 'string',
    required: false,
    description: 'The thinking of the model, if it returns any. Send it back with its tool calls.',
  })
  readonly reasoning_content?: string;

  @ThoughtParts('OpenRouter')
  readonly reasoning_details?: readonly object[];

  @ThoughtParts('LiteLLM')
  readonly thinking_blocks?: readonly object[];

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    required: false,
    description: 'The tool calls of the model.',
  })
  readonly tool_calls?: readonly object[];
}

/** The only choice of an answer. */
export class CompletionChoiceDto {
  @OutputInteger('Always 0.')
  readonly index!: number;

  @ApiProperty({ type: CompletionAnswerMessageDto, description: 'The message of the model.' })
  readonly message!: CompletionAnswerMessageDto;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Always null.',
  })
  readonly logprobs!: object | null;

  @OutputText('Why the answer ended.', { enum: ['stop', 'length', 'tool_calls', 'content_filter'] })
  readonly finish_reason!: string;
}

class PromptTokensDto {
  @OutputInteger(
    'The model tokens that the provider read from its cache, as it reports them. 0 if it reports none.',
  )
  readonly cached_tokens!: number;
}

class CompletionTokensDto {
  @OutputInteger(
    'The model tokens of the thinking, as the provider reports them, or as estimated for a stopped answer. 0 if there are none.',
  )
  readonly reasoning_tokens!: number;
}

/** The counts of model tokens that the price is based on. */
export class CompletionUsageDto {
  @OutputInteger('Model tokens of the prompt.')
  readonly prompt_tokens!: number;

  @OutputInteger('Model tokens of the answer.')
  readonly completion_tokens!: number;

  @OutputInteger('Model tokens of the prompt and the answer.')
  readonly total_tokens!: number;

  @ApiProperty({ type: PromptTokensDto, description: 'Details of `prompt_tokens`.' })
  readonly prompt_tokens_details!: PromptTokensDto;

  @ApiProperty({ type: CompletionTokensDto, description: 'Details of `completion_tokens`.' })
  readonly completion_tokens_details!: CompletionTokensDto;
}

/** A complete answer that is not streamed. */
export class CompletionAnswerDto {
  @OutputText('`chatcmpl-` and the id of the turn, without its dashes.')
  readonly id!: string;

  @OutputText('Always `chat.completion`.', { enum: ['chat.completion'] })
  readonly object!: string;

  @OutputInteger('When the request was made, in seconds since 1970.')
  readonly created!: number;

  @OutputText('The model that answered.', { examples: ['echo'] })
  readonly model!: string;

  @ApiProperty({ type: [CompletionChoiceDto], description: 'One choice.' })
  readonly choices!: CompletionChoiceDto[];

  @ApiProperty({ type: CompletionUsageDto, description: 'The model tokens that were used.' })
  readonly usage!: CompletionUsageDto;
}

/** A model that callers can name. */
export class ModelDto {
  @OutputText('The name of the model.', { examples: ['echo'] })
  readonly id!: string;

  @OutputText('Always `model`.', { enum: ['model'] })
  readonly object!: string;

  @OutputInteger('A fixed time, in seconds since 1970. It is the same for all models.')
  readonly created!: number;

  @OutputText('Always `tallychat`.', { enum: ['tallychat'] })
  readonly owned_by!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer', minimum: 0 },
    description:
      'The price, in tokens of the wallet. It is either `perMessage`, or a price for 1,000 (`per1k…`) or 1,000,000 (`perMillion…`) model tokens. These names end with `Prompt`, `Completion` or `CachedPrompt` (optional).',
    examples: [{ perMessage: 100 }],
  })
  readonly price!: object;

  @OutputInteger('Maximum length of prompt and answer together, in model tokens.', {
    examples: [1_000_000],
  })
  readonly context_length!: number;
}

/** The list of all models that callers can name. */
export class ModelListDto {
  @OutputText('Always `list`.', { enum: ['list'] })
  readonly object!: string;

  @ApiProperty({ type: [ModelDto], description: 'The models. The first one is the default.' })
  readonly data!: ModelDto[];
}
