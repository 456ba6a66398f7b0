import type { AnswerFormat } from '../chat/answer-format.js';
import { ResponseEvents } from './response-events.js';
import { turnToResponse } from './response-wire.js';
import type { ResponseSettings } from './settings.js';

/** Formats answers for OpenAI's Responses API. Each answer repeats the settings of its request. */
export const responseFormat = (settings: ResponseSettings): AnswerFormat => ({
  whole: (turn) => turnToResponse(turn, settings),
  stream: (head) => new ResponseEvents(head, settings),
});
