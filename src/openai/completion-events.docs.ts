import type { SchemaObject } from '@nestjs/swagger';
import {
  LAST_LINE,
  always,
  errorShape,
  eventStream,
  eventsNamed,
  schemaOf,
  shape,
} from '../openapi/event-schemas.js';
import { CompletionUsageDto } from './completion-answers.dto.js';

const text: SchemaObject = { type: 'string' };
const nothing: SchemaObject = { type: 'null' };
const parts: SchemaObject = {
  type: 'array',
  items: { type: 'object', additionalProperties: true },
};

const CALL_PIECE = shape(
  {
    index: { type: 'integer', minimum: 0 },
    id: text,
    type: text,
    function: shape({ name: text, arguments: text }, ['name', 'arguments']),
  },
  ['id', 'type', 'function'],
);
const DELTA = shape(
  {
    role: always('assistant'),
    content: text,
    refusal: nothing,
    reasoning_content: text,
    reasoning_details: parts,
    thinking_blocks: parts,
    tool_calls: { type: 'array', items: CALL_PIECE },
  },
  [
    ...['role', 'content', 'refusal', 'reasoning_content'],
    ...['reasoning_details', 'thinking_blocks', 'tool_calls'],
  ],
);
const CHOICE = shape({
  index: { type: 'integer' },
  delta: DELTA,
  logprobs: nothing,
  finish_reason: {
    type: ['string', 'null'],
    enum: ['stop', 'length', 'tool_calls', 'content_filter', null],
  },
});
const CHUNK = shape(
  {
    id: text,
    created: { type: 'integer' },
    model: text,
    object: always('chat.completion.chunk'),
    choices: { type: 'array', maxItems: 1, items: CHOICE },
    usage: { oneOf: [schemaOf(CompletionUsageDto), nothing] },
  },
  ['usage'],
);

/** Describes the events of a streamed chat completion. */
export const COMPLETION_EVENTS = eventStream(
  eventsNamed(
    'CompletionEvent',
    'The data of an event of a streamed completion. The chunks come in the same order as from OpenAI. The last line is `data: [DONE]`, or one `{"error"}` after a failure.',
    [CHUNK, errorShape('OpenAiError'), LAST_LINE],
  ),
  {
    chunk: {
      id: 'chatcmpl-0198bf9e6c5b7c1ea3c79d2f4b8e6a10',
      created: 1_755_564_480,
      model: 'echo',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { content: 'This' }, logprobs: null, finish_reason: null }],
    },
  },
);
