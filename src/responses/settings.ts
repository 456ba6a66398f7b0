import { isFields, type Fields } from '../json-fields.js';
import { EXPECTED_OBJECT } from '../fields/openai-sentences.js';
import { refuse, textAt, textOrNull } from './content-parts.js';
import type { ResponseBodyDto } from './response-body.dto.js';
import { readToolChoice, readTools } from './tools.js';

/** The settings that a response repeats from its request. They are stored with the turn. */
export type ResponseSettings = ReturnType<typeof repeatedSettings>;

/** The settings of a request, in the form that the response repeats and in the form for the model. */
export interface RequestSettings {
  readonly repeated: ResponseSettings;
  /** Additional fields of the request to the model. */
  readonly extra: Fields;
}

const NOTE_MAX_CHARS = 512;

/**
 * Parses the settings. Throws a 400 if they are malformed. `leftOutItems` are kinds of items that are not
 * sent to the model.
 */
export function readSettings(
  dto: ResponseBodyDto,
  leftOutItems: readonly string[],
): RequestSettings {
  const tools = readTools(dto.tools);
  const choice = readToolChoice(dto.tool_choice, tools);
  const format = readFormat(dto.text?.['format']);
  const notes = notesOf({ tools_left_out: tools.leftOut, input_left_out: leftOutItems });
  const { effort } = dto.reasoning ?? {};
  const { verbosity } = dto.text ?? {};
  const sentTools = choice.tools.length > 0 ? choice.tools : undefined;
  return {
    repeated: repeatedSettings(dto, {
      tools: tools.repeated,
      choice: choice.repeated,
      format: format.repeated,
      notes,
    }),
    extra: withoutEmptyFields({
      tools: sentTools,
      tool_choice: sentTools && choice.sent,
      parallel_tool_calls: sentTools && dto.parallel_tool_calls,
      response_format: format.sent,
      reasoning_effort: effort,
      verbosity,
      temperature: dto.temperature,
      top_p: dto.top_p,
      presence_penalty: dto.presence_penalty,
      frequency_penalty: dto.frequency_penalty,
      user: dto.user,
    }),
  };
}

interface ReadSettings {
  readonly tools: readonly Fields[];
  readonly choice: unknown;
  readonly format: Fields;
  readonly notes: Readonly<Record<string, string>>;
}

/**
 * Returns all fields of a response except its answer, as the schemas of OpenAI and Open Responses require.
 */
function repeatedSettings(
  dto: Partial<ResponseBodyDto>,
  { tools, choice, format, notes }: ReadSettings,
) {
  const { verbosity } = dto.text ?? {};
  return {
    instructions: dto.instructions ?? null,
    max_output_tokens: dto.max_output_tokens ?? null,
    max_tool_calls: dto.max_tool_calls ?? null,
    previous_response_id: dto.previous_response_id ?? null,
    store: dto.store ?? true,
    background: false,
    tools,
    tool_choice: choice,
    parallel_tool_calls: dto.parallel_tool_calls ?? true,
    truncation: dto.truncation ?? 'disabled',
    text: { format, ...(typeof verbosity === 'string' && { verbosity }) },
    reasoning: {
      effort: textOrNull(dto.reasoning?.['effort']),
      summary: textOrNull(dto.reasoning?.['summary']),
    },
    temperature: dto.temperature ?? 1,
    top_p: dto.top_p ?? 1,
    presence_penalty: dto.presence_penalty ?? 0,
    frequency_penalty: dto.frequency_penalty ?? 0,
    top_logprobs: 0,
    service_tier: 'default',
    user: dto.user ?? null,
    safety_identifier: dto.safety_identifier ?? null,
    prompt_cache_key: dto.prompt_cache_key ?? null,
    metadata: { ...dto.metadata, ...notes },
  };
}

/** The settings of a turn of another route. */
export const DEFAULT_SETTINGS: ResponseSettings = repeatedSettings(
  {},
  { tools: [], choice: 'auto', format: { type: 'text' }, notes: {} },
);

const withoutEmptyFields = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );

function notesOf(leftOut: Readonly<Record<string, readonly string[]>>) {
  const notes = Object.entries(leftOut)
    .filter(([, kinds]) => kinds.length > 0)
    .map(([name, kinds]) => [name, kinds.join(', ').slice(0, NOTE_MAX_CHARS)]);
  return Object.fromEntries(notes) as Record<string, string>;
}

/** Parses the format of the answer. Returns it as the response repeats it, and as `response_format`. */
function readFormat(format: unknown): { repeated: Fields; sent: Fields | undefined } {
  if (format === undefined || format === null) {
    return { repeated: { type: 'text' }, sent: undefined };
  }
  if (!isFields(format)) return refuse('text.format', EXPECTED_OBJECT);
  const { type, schema, strict, description } = format;
  if (type === 'text') return { repeated: { type }, sent: undefined };
  if (type === 'json_object') return { repeated: { type }, sent: { type } };
  if (type !== 'json_schema') {
    return refuse('text.format.type', 'Invalid value: expected text, json_object or json_schema.');
  }
  if (!isFields(schema))
    return refuse('text.format.schema', 'Missing or invalid: expected a schema.');
  const name = textAt(format, 'name', 'text.format');
  const descriptionField = typeof description === 'string' ? { description } : {};
  const strictField = typeof strict === 'boolean' ? { strict } : {};
  return {
    repeated: { type, name, description: textOrNull(description), schema, strict: strict === true },
    sent: { type, json_schema: { name, ...descriptionField, schema, ...strictField } },
  };
}
