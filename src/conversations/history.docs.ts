import { NotFound, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { SEARCH_MAX_CHARS } from './search-query.js';
import { TurnDto, TurnPageDto } from './turn.dto.js';

const SEARCH: ParameterDescription = {
  name: 'search',
  in: 'query',
  description:
    'Only turns with this text in the message or the answer. Upper and lower case are one in every alphabet, and so are a letter with its accent and the two apart. One search at a time.',
  schema: { type: 'string', maxLength: SEARCH_MAX_CHARS },
};

const TURN_ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: 'The turn.',
  required: true,
  schema: { type: 'string', format: 'uuid' },
};

export const HistoryDocs = {
  list: () =>
    describeRoute({
      id: 'listTurns',
      tag: 'Chat',
      summary: 'Read what was said',
      description: "The caller's own turns, newest first, in pages. Free of charge.",
      parameters: [...PAGE_PARAMETERS, SEARCH],
      answers: { 200: { description: 'A page of turns.', type: TurnPageDto } },
      errors: [
        new NotFound('Invalid cursor'),
        new ValidationFailed({ search: ['Null characters are not allowed.'] }),
      ],
    }),

  one: () =>
    describeRoute({
      id: 'readTurn',
      tag: 'Chat',
      summary: 'Read one turn',
      description: "What a ledger entry's `turn` leads to.",
      parameters: [TURN_ID],
      answers: { 200: { description: 'The turn.', type: TurnDto } },
      errors: [new NotFound()],
    }),
};
