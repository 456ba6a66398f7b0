import { isFields, type Fields } from '../../json-fields.js';

/** A parsed piece of a tool call. */
export interface Piece {
  readonly fields: Fields;
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly text: string;
  /** Whether the piece has arguments, even empty ones. */
  readonly hasText: boolean;
  /** The position among the pieces of the chunk, if there are several. */
  readonly positionInChunk: number | undefined;
}

/**
 * Reads a piece. `positionInChunk` is undefined if the piece is the only one of its chunk. Llama's models call the
 * arguments `parameters`.
 */
export function readPiece(fields: Fields, positionInChunk: number | undefined): Piece {
  const called = isFields(fields['function']) ? fields['function'] : {};
  const args = called['arguments'] ?? called['parameters'];
  const index = fields['index'];
  const number = typeof index === 'string' && /^\d+$/.test(index) ? Number(index) : index;
  return {
    fields,
    index: Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : undefined,
    id: idOf(fields['id']),
    name: wordOf(called['name']),
    text: argumentsOf(args),
    hasText: typeof args === 'string',
    positionInChunk,
  };
}

function wordOf(value: unknown): string | undefined {
  const word = typeof value === 'number' ? String(value) : value;
  return typeof word === 'string' && word !== '' ? word : undefined;
}

/** Returns the id. Some servers write "null" if there is none. */
function idOf(value: unknown): string | undefined {
  const id = wordOf(value);
  return id !== undefined && /^(?:null|none|undefined)$/i.test(id) ? undefined : id;
}

/** Returns the arguments as text. Some servers send the object itself, or null at first. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
