import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';

/** A field of the model's: described, and not looked into. */
const Passed = (schema: ApiPropertyOptions): PropertyDecorator =>
  ApiProperty({ ...schema, required: false, nullable: true } as ApiPropertyOptions);

const anyObject = { type: 'object' as const, additionalProperties: true };

/** A function of the caller's own. Tools that run at the provider are billed there by the call. */
const isFunction = (tool: unknown): boolean =>
  typeof tool === 'object' && tool !== null && 'type' in tool && tool.type === 'function';

/**
 * What goes to the model as it came. The list is closed: each of these leaves the price of an answer what
 * its model tokens say, or its flat price. What could cost more stays here: other tiers, searches, further
 * choices, other models to fall back on.
 */
export class PassedOnDto {
  @Passed({ type: 'array', items: anyObject, description: 'Functions that the model may call.' })
  @IsOptional()
  @ValidateBy(
    {
      name: 'tools',
      validator: { validate: (tools) => Array.isArray(tools) && tools.every(isFunction) },
    },
    { message: 'Invalid value: expected an array of tools of the type function.' },
  )
  tools?: readonly unknown[] | null;

  @Passed({ oneOf: [{ type: 'string' }, anyObject], description: 'Which of them to call.' })
  tool_choice?: unknown;

  @Passed({ type: 'boolean', description: 'Whether several may be called at once.' })
  parallel_tool_calls?: unknown;

  @Passed({ ...anyObject, description: 'Text, JSON, or JSON of a schema.' })
  response_format?: unknown;

  @Passed({ type: 'number', description: 'How much chance there is in the words.' })
  temperature?: unknown;

  @Passed({ type: 'number', description: 'How much of the likely words is looked at.' })
  top_p?: unknown;

  @Passed({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    description: 'Words to end before.',
  })
  stop?: unknown;

  @Passed({
    type: 'integer',
    description: 'The same seed, where the model heeds it, the same answer.',
  })
  seed?: unknown;

  @Passed({ type: 'number', description: 'Against words that were there before.' })
  presence_penalty?: unknown;

  @Passed({ type: 'number', description: 'Against words that were there often.' })
  frequency_penalty?: unknown;

  @Passed({ ...anyObject, description: 'For or against single model tokens.' })
  logit_bias?: unknown;

  @Passed({
    type: 'string',
    description: "How much the model thinks, in the answer's model tokens.",
  })
  reasoning_effort?: unknown;

  @Passed({ type: 'string', description: 'How much the model says.' })
  verbosity?: unknown;

  @Passed({ type: 'string', description: 'Who asks, for the provider to tell abuse by.' })
  user?: unknown;
}

/** The names of the above. */
export const PASSED_ON = [
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'reasoning_effort',
  'verbosity',
  'user',
] as const satisfies readonly (keyof PassedOnDto)[];
