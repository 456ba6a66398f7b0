import { NotFound, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { SEARCH_MAX_CHARS } from './search-query.js';
import { TurnDto, TurnPageDto } from './turn.dto.js';

const SEARCH: ParameterDescription = {
  name: 'search',
  in: 'query',
  description:
    'Only turns with this text in the message or the answer. Ignores case in every alphabet. A letter with an accent matches in both Unicode forms (one character or two). A user can run one search at a time.',
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
      summary: 'List your turns',
      description: "The caller's own turns, newest first, in pages. This is free.",
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
      description: 'A ledger entry names its turn in `turn`.',
      parameters: [TURN_ID],
      answers: { 200: { description: 'The turn.', type: TurnDto } },
      errors: [new NotFound()],
    }),
};
