import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { OutputText } from '../fields/field-docs.js';

const STATUSES = ['in_progress', 'completed', 'incomplete'];
const ID = 'The item. A later request may refer to it.';

/** A part of the model's text. */
export class OutputTextDto {
  @OutputText('Always `output_text`.', { enum: ['output_text'] })
  readonly type!: string;

  @OutputText('The text.')
  readonly text!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    maxItems: 0,
    description: 'Always empty.',
  })
  readonly annotations!: object[];

  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    maxItems: 0,
    description: 'Always empty.',
  })
  readonly logprobs!: object[];
}

/** A part of the model's thinking. */
export class SummaryTextDto {
  @OutputText('Always `summary_text`.', { enum: ['summary_text'] })
  readonly type!: string;

  @OutputText('The text.')
  readonly text!: string;
}

/** The model's text. */
export class ResponseMessageDto {
  @OutputText(ID)
  readonly id!: string;

  @OutputText('Always `message`.', { enum: ['message'] })
  readonly type!: string;

  @OutputText('The state.', { enum: STATUSES })
  readonly status!: string;

  @OutputText('Always `assistant`.', { enum: ['assistant'] })
  readonly role!: string;

  @ApiProperty({ type: [OutputTextDto], description: 'One part.' })
  readonly content!: OutputTextDto[];
}

/** The model's thinking, if the provider returns it. */
export class ResponseReasoningDto {
  @OutputText(ID)
  readonly id!: string;

  @OutputText('Always `reasoning`.', { enum: ['reasoning'] })
  readonly type!: string;

  @ApiProperty({ type: [SummaryTextDto], description: 'One part, or none if there was no text.' })
  readonly summary!: SummaryTextDto[];

  @ApiProperty({
    type: 'string',
    required: false,
    description:
      'The parts of the thinking that must be sent back to the provider, signed or encrypted.',
  })
  readonly encrypted_content?: string;
}

class AnyCallDto {
  @OutputText(ID)
  readonly id!: string;

  @OutputText('The state.', { enum: STATUSES })
  readonly status!: string;

  @OutputText('The id that the output of this call must have.')
  readonly call_id!: string;

  @OutputText('The name of the tool.')
  readonly name!: string;

  @ApiPropertyOptional({
    ...{ type: 'object' as const, additionalProperties: true },
    description:
      'Data that must be sent back to the provider with the call. Only some providers send it, such as Gemini.',
  })
  readonly extra_content?: object;
}

/** A call of a function. */
export class ResponseCallDto extends AnyCallDto {
  @OutputText('Always `function_call`.', { enum: ['function_call'] })
  readonly type!: string;

  @OutputText('JSON, as the model wrote it.')
  readonly arguments!: string;
}

/** A call of a custom tool. */
export class ResponseCustomCallDto extends AnyCallDto {
  @OutputText('Always `custom_tool_call`.', { enum: ['custom_tool_call'] })
  readonly type!: string;

  @OutputText('The text for the tool.')
  readonly input!: string;
}
