import { z } from 'zod';

/** The fields that the Open Responses specification requires. A field may be missing or null only if it says so. */

const status = z.enum(['in_progress', 'completed', 'incomplete']);
const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()),
});
const summaryText = z.strictObject({ type: z.literal('summary_text'), text: z.string() });

const item = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message'),
    id: z.string(),
    status,
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.array(outputText),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    id: z.string(),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    status,
  }),
  z.strictObject({
    type: z.literal('reasoning'),
    id: z.string(),
    summary: z.array(summaryText),
  }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  name: z.string(),
  description: z.string().nullable(),
  parameters: z.record(z.string(), z.unknown()).nullable(),
  strict: z.boolean().nullable(),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.strictObject({ type: z.literal('function'), name: z.string() }),
  z.strictObject({
    type: z.literal('allowed_tools'),
    tools: z.array(z.strictObject({ type: z.literal('function'), name: z.string() })),
    mode: z.enum(['none', 'auto', 'required']),
  }),
]);

const usage = z.strictObject({
  input_tokens: z.int(),
  output_tokens: z.int(),
  total_tokens: z.int(),
  input_tokens_details: z.strictObject({ cached_tokens: z.int() }),
  output_tokens_details: z.strictObject({ reasoning_tokens: z.int() }),
});

/** A response. It is closed: a field that the specification does not have is a fault. */
export const responseResource = z.strictObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: z.int(),
  completed_at: z.int().nullable(),
  status: z.string(),
  incomplete_details: z.strictObject({ reason: z.string() }).nullable(),
  model: z.string(),
  previous_response_id: z.string().nullable(),
  instructions: z.string().nullable(),
  output: z.array(item),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  tools: z.array(tool),
  tool_choice: toolChoice,
  truncation: z.enum(['auto', 'disabled']),
  parallel_tool_calls: z.boolean(),
  text: z.strictObject({
    format: z.looseObject({ type: z.enum(['text', 'json_object', 'json_schema']) }),
    verbosity: z.enum(['low', 'medium', 'high']).optional(),
  }),
  top_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  top_logprobs: z.int(),
  temperature: z.number(),
  reasoning: z.strictObject({ effort: z.string().nullable(), summary: z.string().nullable() }),
  user: z.string().nullable(),
  usage: usage.nullable(),
  max_output_tokens: z.int().nullable(),
  max_tool_calls: z.int().nullable(),
  store: z.boolean(),
  background: z.boolean(),
  service_tier: z.string(),
  metadata: z.record(z.string(), z.string()),
  safety_identifier: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
});

const event = <Type extends string>(type: Type, fields: z.ZodRawShape) =>
  z.strictObject({ type: z.literal(type), sequence_number: z.int(), ...fields });
const whole = { response: responseResource };
const place = { item_id: z.string(), output_index: z.int() };
const inContent = { ...place, content_index: z.int() };
const inSummary = { ...place, summary_index: z.int() };
const logprobs = z.array(z.unknown());

/** An event of a successful stream. */
export const streamingEvent = z.discriminatedUnion('type', [
  event('response.created', whole),
  event('response.in_progress', whole),
  event('response.completed', whole),
  event('response.incomplete', whole),
  event('response.output_item.added', { output_index: z.int(), item }),
  event('response.output_item.done', { output_index: z.int(), item }),
  event('response.content_part.added', { ...inContent, part: outputText }),
  event('response.content_part.done', { ...inContent, part: outputText }),
  event('response.output_text.delta', { ...inContent, delta: z.string(), logprobs }),
  event('response.output_text.done', { ...inContent, text: z.string(), logprobs }),
  event('response.reasoning_summary_part.added', { ...inSummary, part: summaryText }),
  event('response.reasoning_summary_part.done', { ...inSummary, part: summaryText }),
  event('response.reasoning_summary_text.delta', { ...inSummary, delta: z.string() }),
  event('response.reasoning_summary_text.done', { ...inSummary, text: z.string() }),
  event('response.function_call_arguments.delta', { ...place, delta: z.string() }),
  event('response.function_call_arguments.done', {
    ...place,
    name: z.string(),
    arguments: z.string(),
  }),
]);
