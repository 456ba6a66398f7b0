import { ApiExtraModels, ApiProperty, getSchemaPath, type SchemaObject } from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import { OutputBoolean, OutputInteger, OutputText } from '../fields/field-docs.js';
import {
  ResponseCallDto,
  ResponseCustomCallDto,
  ResponseMessageDto,
  ResponseReasoningDto,
} from './response-items.dto.js';

const anyObject = { type: 'object' as const, additionalProperties: true };

/** An object, or null. */
const ShownOrNull = (type: Type, description: string): PropertyDecorator =>
  ApiProperty({ oneOf: [{ $ref: getSchemaPath(type) }, { type: 'null' }], description });

const ShownAs = (schema: SchemaObject, description: string): PropertyDecorator =>
  ApiProperty({ ...schema, description } as object);

const ShownNumber = (description: string): PropertyDecorator =>
  ApiProperty({ type: 'number', description });

/** The reason why a response failed. */
export class ResponseErrorDto {
  @OutputText('A word for programs.')
  readonly code!: string;

  @OutputText('A sentence for people.')
  readonly message!: string;
}

/** The reason why a response is incomplete. */
export class ResponseIncompleteDto {
  @OutputText(
    '`max_output_tokens`: its limit, the wallet or the time limit was reached. `content_filter`: the provider filtered it.',
    {
      enum: ['max_output_tokens', 'content_filter'],
    },
  )
  readonly reason!: string;
}

class InputTokensDto {
  @OutputInteger('The model tokens that the provider read from its cache, as it reports them.')
  readonly cached_tokens!: number;
}

class OutputTokensDto {
  @OutputInteger(
    'The model tokens of the thinking, as the provider reports them, or as estimated for a stopped answer.',
  )
  readonly reasoning_tokens!: number;
}

/** The counts of model tokens that the price is based on. */
export class ResponseUsageDto {
  @OutputInteger('Model tokens of the prompt.')
  readonly input_tokens!: number;

  @ApiProperty({ type: InputTokensDto, description: 'Details of `input_tokens`.' })
  readonly input_tokens_details!: InputTokensDto;

  @OutputInteger('Model tokens of the answer, including the thinking.')
  readonly output_tokens!: number;

  @ApiProperty({ type: OutputTokensDto, description: 'Details of `output_tokens`.' })
  readonly output_tokens_details!: OutputTokensDto;

  @OutputInteger('Model tokens of the prompt and the answer.')
  readonly total_tokens!: number;
}

class ResponseThoughtDto {
  @OutputText('How much the model should think. Null if the request did not set it.', {
    nullable: true,
  })
  readonly effort!: string | null;

  @OutputText('The value of the request.', { nullable: true })
  readonly summary!: string | null;
}

class ResponseTextDto {
  @ShownAs(anyObject, 'Text, JSON, or JSON with a schema.')
  readonly format!: object;

  @ApiProperty({ type: 'string', required: false, description: 'How long the answer should be.' })
  readonly verbosity?: string;
}

/** The kinds of items in an answer. */
export const OUTPUT_ITEMS = [
  ResponseMessageDto,
  ResponseReasoningDto,
  ResponseCallDto,
  ResponseCustomCallDto,
];

/** A response with all fields of OpenAI's format, including those that are null. */
@ApiExtraModels(ResponseErrorDto, ResponseIncompleteDto, ResponseUsageDto, ...OUTPUT_ITEMS)
export class ResponseDto {
  @OutputText('`resp_` and the id of the turn, without its dashes.')
  readonly id!: string;

  @OutputText('Always `response`.', { enum: ['response'] })
  readonly object!: string;

  @OutputInteger('When the request was made, in seconds since 1970.')
  readonly created_at!: number;

  @OutputInteger('When it was completed, in seconds since 1970.', { nullable: true })
  readonly completed_at!: number | null;

  @OutputText('The state.', { enum: ['in_progress', 'completed', 'incomplete', 'failed'] })
  readonly status!: string;

  @ShownOrNull(ResponseErrorDto, 'The reason for a failure.')
  readonly error!: ResponseErrorDto | null;

  @ShownOrNull(ResponseIncompleteDto, 'The reason why it is incomplete.')
  readonly incomplete_details!: ResponseIncompleteDto | null;

  @OutputText('The model that answered.', { examples: ['echo'] })
  readonly model!: string;

  @ShownAs(
    {
      type: 'array',
      items: { oneOf: OUTPUT_ITEMS.map((type) => ({ $ref: getSchemaPath(type) })) },
    },
    'The thinking, the text and the tool calls.',
  )
  readonly output!: readonly object[];

  @ShownOrNull(ResponseUsageDto, 'The model tokens that were used.')
  readonly usage!: ResponseUsageDto | null;

  @OutputText('The instructions of the request.', { nullable: true })
  readonly instructions!: string | null;

  @OutputInteger('The maximum length of the answer, as the request set it.', {
    min: 1,
    nullable: true,
  })
  readonly max_output_tokens!: number | null;

  @OutputInteger('The value of the request.', { min: 1, nullable: true })
  readonly max_tool_calls!: number | null;

  @OutputText('The response that this one continues.', { nullable: true })
  readonly previous_response_id!: string | null;

  @OutputBoolean('Whether the response is stored.')
  readonly store!: boolean;

  @OutputBoolean('Always false.')
  readonly background!: boolean;

  @ShownAs({ type: 'array', items: anyObject }, 'The functions and custom tools of the request.')
  readonly tools!: readonly object[];

  @ShownAs({ oneOf: [{ type: 'string' }, anyObject] }, 'Which tool the model should call.')
  readonly tool_choice!: unknown;

  @OutputBoolean('Whether the model might call several tools at once.')
  readonly parallel_tool_calls!: boolean;

  @OutputText('Whether the oldest turns could be left out.', { enum: ['auto', 'disabled'] })
  readonly truncation!: string;

  @ApiProperty({ type: ResponseTextDto, description: 'The format of the answer.' })
  readonly text!: ResponseTextDto;

  @ApiProperty({ type: ResponseThoughtDto, description: 'The settings for the thinking.' })
  readonly reasoning!: ResponseThoughtDto;

  @ShownNumber('The value of the request. Default: 1.')
  readonly temperature!: number;

  @ShownNumber('The value of the request. Default: 1.')
  readonly top_p!: number;

  @ShownNumber('The value of the request. Default: 0.')
  readonly presence_penalty!: number;

  @ShownNumber('The value of the request. Default: 0.')
  readonly frequency_penalty!: number;

  @OutputInteger('Always 0.')
  readonly top_logprobs!: number;

  @OutputText('Always `default`.', { enum: ['default'] })
  readonly service_tier!: string;

  @OutputText('The value of the request.', { nullable: true })
  readonly user!: string | null;

  @OutputText('The value of the request.', { nullable: true })
  readonly safety_identifier!: string | null;

  @OutputText('The value of the request.', { nullable: true })
  readonly prompt_cache_key!: string | null;

  @ShownAs(
    { type: 'object', additionalProperties: { type: 'string' } },
    'Notes of the caller. `tools_left_out` and `input_left_out` list the kinds that no model here supports.',
  )
  readonly metadata!: Readonly<Record<string, string>>;
}

/** A response that was deleted. */
export class ResponseDeletedDto {
  @OutputText('The response.')
  readonly id!: string;

  @OutputText('Always `response`.', { enum: ['response'] })
  readonly object!: string;

  @OutputBoolean('Always true.')
  readonly deleted!: boolean;
}
