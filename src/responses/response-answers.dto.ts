import { ApiExtraModels, ApiProperty, getSchemaPath, type SchemaObject } from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import { ShownBoolean, ShownInteger, ShownText } from '../fields/field-docs.js';
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
  @ShownText('For machines.')
  readonly code!: string;

  @ShownText('For people.')
  readonly message!: string;
}

/** The reason why a response is incomplete. */
export class ResponseIncompleteDto {
  @ShownText('Its limit, the wallet or the time was reached, or its provider filtered it.', {
    enum: ['max_output_tokens', 'content_filter'],
  })
  readonly reason!: string;
}

class InputTokensDto {
  @ShownInteger('What the provider says it read from its cache.')
  readonly cached_tokens!: number;
}

class OutputTokensDto {
  @ShownInteger('What the provider says was thought.')
  readonly reasoning_tokens!: number;
}

/** The counts of model tokens that the price is based on. */
class ResponseUsageDto {
  @ShownInteger('Of the prompt.')
  readonly input_tokens!: number;

  @ApiProperty({ type: InputTokensDto, description: 'Of these.' })
  readonly input_tokens_details!: InputTokensDto;

  @ShownInteger('Of the answer, with what was thought.')
  readonly output_tokens!: number;

  @ApiProperty({ type: OutputTokensDto, description: 'Of these.' })
  readonly output_tokens_details!: OutputTokensDto;

  @ShownInteger('Of both.')
  readonly total_tokens!: number;
}

class ResponseThoughtDto {
  @ShownText('How much the model was to think; null where that was not said.', { nullable: true })
  readonly effort!: string | null;

  @ShownText('As the request said it.', { nullable: true })
  readonly summary!: string | null;
}

class ResponseTextDto {
  @ShownAs(anyObject, 'Text, JSON, or JSON of a schema.')
  readonly format!: object;

  @ApiProperty({ type: 'string', required: false, description: 'How much the model was to say.' })
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
  @ShownText('`resp_` and the id of the turn, without its dashes.')
  readonly id!: string;

  @ShownText('Always `response`.', { enum: ['response'] })
  readonly object!: string;

  @ShownInteger('When it was asked for, in seconds since 1970.')
  readonly created_at!: number;

  @ShownInteger('When it was completed, in seconds since 1970.', { nullable: true })
  readonly completed_at!: number | null;

  @ShownText('How it stands.', { enum: ['in_progress', 'completed', 'incomplete', 'failed'] })
  readonly status!: string;

  @ShownOrNull(ResponseErrorDto, 'Why it failed.')
  readonly error!: ResponseErrorDto | null;

  @ShownOrNull(ResponseIncompleteDto, 'Why it is not whole.')
  readonly incomplete_details!: ResponseIncompleteDto | null;

  @ShownText('The model that answered.', { examples: ['echo'] })
  readonly model!: string;

  @ShownAs(
    {
      type: 'array',
      items: { oneOf: OUTPUT_ITEMS.map((type) => ({ $ref: getSchemaPath(type) })) },
    },
    'What was thought, said and called.',
  )
  readonly output!: readonly object[];

  @ShownOrNull(ResponseUsageDto, 'What was used.')
  readonly usage!: object | null;

  @ShownText('What the model was told first.', { nullable: true })
  readonly instructions!: string | null;

  @ShownInteger('The longest answer that was asked for.', { min: 1, nullable: true })
  readonly max_output_tokens!: number | null;

  @ShownInteger('As the request said it.', { min: 1, nullable: true })
  readonly max_tool_calls!: number | null;

  @ShownText('The response that it went on with.', { nullable: true })
  readonly previous_response_id!: string | null;

  @ShownBoolean('Whether it is kept.')
  readonly store!: boolean;

  @ShownBoolean('Always false.')
  readonly background!: boolean;

  @ShownAs({ type: 'array', items: anyObject }, 'The functions and custom tools of the request.')
  readonly tools!: readonly object[];

  @ShownAs({ oneOf: [{ type: 'string' }, anyObject] }, 'Which of them was to be called.')
  readonly tool_choice!: unknown;

  @ShownBoolean('Whether several might be called at once.')
  readonly parallel_tool_calls!: boolean;

  @ShownText('Whether the oldest turns might be left out.', { enum: ['auto', 'disabled'] })
  readonly truncation!: string;

  @ApiProperty({ type: ResponseTextDto, description: 'The form of the answer.' })
  readonly text!: ResponseTextDto;

  @ApiProperty({ type: ResponseThoughtDto, description: 'What was asked of its thoughts.' })
  readonly reasoning!: ResponseThoughtDto;

  @ShownNumber('As the request said it; 1 where it did not.')
  readonly temperature!: number;

  @ShownNumber('As the request said it; 1 where it did not.')
  readonly top_p!: number;

  @ShownNumber('As the request said it; 0 where it did not.')
  readonly presence_penalty!: number;

  @ShownNumber('As the request said it; 0 where it did not.')
  readonly frequency_penalty!: number;

  @ShownInteger('Always 0.')
  readonly top_logprobs!: number;

  @ShownText('Always `default`.', { enum: ['default'] })
  readonly service_tier!: string;

  @ShownText('As the request said it.', { nullable: true })
  readonly user!: string | null;

  @ShownText('As the request said it.', { nullable: true })
  readonly safety_identifier!: string | null;

  @ShownText('As the request said it.', { nullable: true })
  readonly prompt_cache_key!: string | null;

  @ShownAs(
    { type: 'object', additionalProperties: { type: 'string' } },
    'Notes of the caller; `tools_left_out` and `input_left_out` name the kinds that no model here knows.',
  )
  readonly metadata!: Readonly<Record<string, string>>;
}

/** A response that was deleted. */
export class ResponseDeletedDto {
  @ShownText('The response.')
  readonly id!: string;

  @ShownText('Always `response`.', { enum: ['response'] })
  readonly object!: string;

  @ShownBoolean('Always true.')
  readonly deleted!: boolean;
}
