import type { ReferenceObject, SchemaObject } from '@nestjs/swagger';
import {
  LAST_LINE,
  always,
  eventStream,
  eventsNamed,
  schemaOf,
  shape,
} from '../openapi/event-schemas.js';
import { OUTPUT_ITEMS, ResponseDto } from './response-answers.dto.js';
import { OutputTextDto, SummaryTextDto } from './response-items.dto.js';

const text: SchemaObject = { type: 'string' };
const index: SchemaObject = { type: 'integer', minimum: 0 };

type Fields = Readonly<Record<string, SchemaObject | ReferenceObject>>;

const event = (type: string, fields: Fields) =>
  shape({ type: always(`response.${type}`), sequence_number: index, ...fields });

const states = ['created', 'in_progress', 'completed', 'incomplete', 'failed'].map((state) =>
  event(state, { response: schemaOf(ResponseDto) }),
);
const item = { oneOf: OUTPUT_ITEMS.map(schemaOf) };
const items = ['added', 'done'].map((word) =>
  event(`output_item.${word}`, { output_index: index, item }),
);

const itemFields = { item_id: text, output_index: index };
const textFields = { ...itemFields, content_index: index };
const summaryFields = { ...itemFields, summary_index: index };
const logprobs: SchemaObject = { type: 'array', items: { type: 'object' }, maxItems: 0 };

const pieces = [
  event('content_part.added', { ...textFields, part: schemaOf(OutputTextDto) }),
  event('output_text.delta', { ...textFields, delta: text, logprobs }),
  event('output_text.done', { ...textFields, text, logprobs }),
  event('content_part.done', { ...textFields, part: schemaOf(OutputTextDto) }),
  event('reasoning_summary_part.added', { ...summaryFields, part: schemaOf(SummaryTextDto) }),
  event('reasoning_summary_text.delta', { ...summaryFields, delta: text }),
  event('reasoning_summary_text.done', { ...summaryFields, text }),
  event('reasoning_summary_part.done', { ...summaryFields, part: schemaOf(SummaryTextDto) }),
  event('function_call_arguments.delta', { ...itemFields, delta: text }),
  event('function_call_arguments.done', { ...itemFields, name: text, arguments: text }),
  event('custom_tool_call_input.delta', { ...itemFields, delta: text }),
  event('custom_tool_call_input.done', { ...itemFields, input: text }),
];

const orNull: SchemaObject = { type: ['string', 'null'] };
const errorFields = { message: text, param: orNull, code: orNull };
const failure = shape({
  type: always('error'),
  sequence_number: index,
  ...errorFields,
  error: shape({ type: text, ...errorFields }),
});

/** Describes the events of a streamed response. */
export const RESPONSE_EVENTS = eventStream(
  eventsNamed(
    'ResponseEvent',
    'The data of an event of a streamed response. The events are those of OpenAI. Each has its `type` and an increasing `sequence_number`. The first events are `response.created` and `response.in_progress`. Each item has `response.output_item.added`, then its parts and pieces, then `response.output_item.done`. The last event is `response.completed` or `response.incomplete` with the whole response, followed by the line `data: [DONE]`. After a failure come `response.failed` and `error`, without `[DONE]`.',
    [...states, ...items, ...pieces, failure, LAST_LINE],
  ),
  {
    delta: {
      type: 'response.output_text.delta',
      sequence_number: 4,
      item_id: 'msg_0198bf9e6c5b7c1ea3c79d2f4b8e6a10_0',
      output_index: 0,
      content_index: 0,
      delta: 'This',
      logprobs: [],
    },
  },
);
