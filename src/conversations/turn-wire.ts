import { toIso } from '../time.js';
import type { PastTurn } from './history.service.js';
import type { TurnDto } from './turn.dto.js';

/** Returns the bytes that a turn adds to a page. */
export const bytesOfTurn = ({ message, response }: PastTurn): number =>
  Buffer.byteLength(message) + Buffer.byteLength(response);

/** Returns a turn in the format of all routes. */
export function turnToWire(turn: PastTurn): TurnDto {
  return {
    id: turn.id,
    conversation: turn.conversationId,
    message: turn.message,
    response: turn.response,
    model: turn.model,
    key: turn.keyName,
    status: turn.status,
    tokens: turn.amount,
    timestamp: toIso(turn.createdAt),
  };
}
