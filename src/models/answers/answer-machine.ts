import { callsAfter, isIncomplete, heldBackPieces, type KnownCalls } from './call-pieces.js';
import { chunkOf, type Chunk } from './chunk.js';
import type { EndMeaning } from './finish-reasons.js';
import { isDone, type ServerEvent } from './event-reader.js';
import { newOutput } from './new-output.js';
import { partsAfter, type KnownParts } from './known-parts.js';
import type { CompletionDelta, FinishReason, Usage } from '../provider.js';
import { mergeUsage } from './usage-fields.js';

/** How long to wait for the missing rest after an answer has ended. */
export interface Wait {
  readonly ms: number;
}

/** After the whole answer has arrived: the longest wait for the usage, and then for the close of the connection. */
const USAGE_WAIT_MS = 5000;
const CLOSE_WAIT_MS = 250;
/** The longer wait for a server that continued after a finish reason. Its next finish reason is less reliable. */
const CONTINUED_WAIT_MS = 30_000;

/**
 * The progress of an answer: `silent` (nothing yet), `open` (output has come), `ended` (a finish reason has come),
 * `over` (`[DONE]` has come) or `broken`. The table of all transitions is in docs/models.md.
 */
export type Phase = 'silent' | 'open' | 'ended' | 'over' | 'broken';

/**
 * The state of one answer after some of its events. A step returns a new object, except that more text is added in
 * place: a copy of all fields costs more than reading a word.
 */
export interface AnswerState {
  readonly phase: Phase;
  /** Whether text or a tool call has come. Reasoning alone is not an answer. */
  readonly hasAnswer: boolean;
  readonly finishReason: FinishReason | undefined;
  /** Whether output came after a finish reason. */
  readonly hasContinuedAfterEnd: boolean;
  /** The last counts that the provider reported. Repeated counts are not added. */
  readonly usage: Usage | undefined;
  readonly calls: KnownCalls;
  /** The number of the choice that is read: the first that came. */
  readonly choice: number | undefined;
  /** Whether an event was not part of an answer. Without a finish reason, the answer may have broken off there. */
  readonly hasUnknownEvent: boolean;
  /** The text, the reasoning and its parts so far, to compare with a message that repeats them. */
  textSoFar: string;
  readonly reasoningSoFar: string;
  readonly partsSoFar: KnownParts;
  /** Whether output came in a delta. Later messages repeat it then. */
  readonly usesDeltas: boolean;
  /** Whether output came in texts of the choice. */
  readonly usesTexts: boolean;
  /** The wait that began with the step that made this object. */
  readonly wait: Wait | undefined;
  /** Why the answer is broken, in our words. The provider's own words may repeat a key or a message. */
  readonly fault: string | undefined;
}

export const INITIAL_STATE: AnswerState = {
  phase: 'silent',
  hasAnswer: false,
  finishReason: undefined,
  hasContinuedAfterEnd: false,
  usage: undefined,
  calls: [],
  choice: undefined,
  hasUnknownEvent: false,
  textSoFar: '',
  reasoningSoFar: '',
  partsSoFar: {},
  usesDeltas: false,
  usesTexts: false,
  wait: undefined,
  fault: undefined,
};

export interface Step {
  readonly state: AnswerState;
  /** The output of the event. */
  readonly delta?: CompletionDelta | undefined;
}

/** Returns the state after one event. Events after `[DONE]`, or after the answer is broken, are ignored. */
export function step(state: AnswerState, event: ServerEvent): Step {
  if (state.phase === 'over' || state.phase === 'broken') return { state };
  if (isDone(event.text)) return close(state);
  const chunk = chunkOf(event, state.choice);
  return 'fault' in chunk ? { state: afterError(state, chunk.fault) } : applyChunk(state, chunk);
}

/** Returns the state after the end of the connection. `isOrderly` is false after a reset. */
export function end(state: AnswerState, isOrderly: boolean): AnswerState {
  if (state.phase === 'over' || state.phase === 'broken') return state;
  const isWhole =
    state.phase === 'ended' &&
    (isOrderly || !state.hasContinuedAfterEnd) &&
    !state.calls.some(({ doubt }) => doubt);
  return isWhole ? { ...state, phase: 'over' } : broken(state, 'the provider broke off');
}

/** Returns the state after too many bytes without output. */
export function endIdle(state: AnswerState): AnswerState {
  if (state.phase === 'over' || state.phase === 'broken') return state;
  return afterError(state, 'the provider sent too much without output');
}

const broken = (state: AnswerState, fault: string): AnswerState => ({
  ...state,
  ...{ phase: 'broken', fault, wait: undefined },
});

const over = (state: AnswerState): AnswerState => ({
  ...state,
  ...{ phase: 'over', wait: { ms: CLOSE_WAIT_MS } },
});

/** Closes an answer, by default as after `[DONE]`. Sends the arguments that were held back. */
function close(state: AnswerState, closed = afterDone): Step {
  const { calls, deltas } = heldBackPieces(state.calls);
  const toolCalls = deltas.length > 0 ? { toolCalls: deltas } : undefined;
  return {
    state: closed({ ...state, calls }),
    delta: toolCalls && { type: 'delta', text: '', ...toolCalls },
  };
}

/**
 * Cuts an answer before the event that makes too many calls. What was passed on is charged by our own estimate,
 * because a caller can make a model write its whole answer first and then call.
 */
function cut(state: AnswerState): Step {
  if (!state.hasAnswer && state.reasoningSoFar === '')
    return { state: broken(state, 'the provider made too many calls') };
  return close({ ...state, finishReason: 'length', usage: undefined }, over);
}

function afterDone(state: AnswerState): AnswerState {
  if (state.phase === 'ended') return over(state);
  if (!state.hasAnswer) return broken(state, 'the provider ended without an answer');
  if (state.hasUnknownEvent || state.calls.some(isIncomplete)) {
    return broken(state, 'the provider ended without a reason, amid something else');
  }
  return over(state.calls.length > 0 ? { ...state, finishReason: 'tool_calls' } : state);
}

/** Ends an answer after an error or an invalid chunk. An answer that has ended before is complete. */
function afterError(state: AnswerState, fault: string): AnswerState {
  if (state.phase === 'ended' && !state.hasContinuedAfterEnd) return over(state);
  return broken(state, fault);
}

/** Checks whether a chunk only adds text. Nearly all events do. `INITIAL_STATE` is not open, so it never changes. */
function isMoreText(state: AnswerState, chunk: Chunk): boolean {
  return (
    state.phase === 'open' &&
    state.hasAnswer &&
    chunk.text !== '' &&
    chunk.reasoning === '' &&
    !chunk.thoughtParts &&
    chunk.pieces.length === 0 &&
    chunk.usage === undefined &&
    chunk.meaning === 'no end' &&
    !chunk.isUnknown &&
    !chunk.isMessage &&
    (!chunk.isText || state.usesTexts)
  );
}

function applyChunk(state: AnswerState, chunk: Chunk): Step {
  if (isMoreText(state, chunk)) {
    state.textSoFar += chunk.text;
    return { state, delta: { type: 'delta', text: chunk.text } };
  }
  const { text, reasoning, thoughtParts, pieces } = newOutput(state, chunk);
  const placed = callsAfter(state.calls, pieces, chunk);
  if (!placed) return cut(state);
  const { calls, deltas } = placed;
  const hasAnswer = text !== '' || deltas.length > 0;
  const hasOutput = hasAnswer || reasoning !== '';
  const updated: AnswerState = {
    ...state,
    usage: mergeUsage(state.usage, chunk.usage),
    calls,
    choice: state.choice ?? chunk.choice,
    hasUnknownEvent: state.hasUnknownEvent || chunk.isUnknown,
    textSoFar: state.textSoFar + text,
    reasoningSoFar: state.reasoningSoFar + reasoning,
    partsSoFar: thoughtParts ? partsAfter(state.partsSoFar, thoughtParts) : state.partsSoFar,
    usesDeltas: state.usesDeltas || (hasOutput && !chunk.isMessage),
    usesTexts: state.usesTexts || (hasOutput && chunk.isText),
  };
  const withChunk = hasOutput ? withOutput(updated, hasAnswer) : updated;
  const next = withEnding(withChunk, chunk.meaning, hasOutput);
  const delta: CompletionDelta = {
    type: 'delta',
    text,
    ...(reasoning !== '' && { reasoning }),
    ...(thoughtParts && { thoughtParts }),
    ...(deltas.length > 0 && { toolCalls: deltas }),
  };
  // Parts alone are not output, and do not reopen an answer that has ended.
  return { state: next, delta: hasOutput || thoughtParts ? delta : undefined };
}

/**
 * Returns the state after output. If it follows a finish reason, that reason was wrong: the answer is open again
 * and nothing is waited for.
 */
function withOutput(state: AnswerState, hasAnswer: boolean): AnswerState {
  return {
    ...state,
    phase: 'open',
    hasAnswer: state.hasAnswer || hasAnswer,
    hasContinuedAfterEnd: state.hasContinuedAfterEnd || state.phase === 'ended',
    wait: undefined,
  };
}

/**
 * Returns the state after a finish reason. The wait starts with the first reason, and again with each reason that
 * comes with or after more output.
 */
function withEnding(state: AnswerState, meaning: EndMeaning, hasOutput: boolean): AnswerState {
  if (meaning === 'no end') return state;
  if (meaning === 'broken') return broken(state, 'the provider says that the answer broke off');
  const begins = hasOutput || state.phase !== 'ended';
  // After tool calls the model waits for their results, whatever reason the server sends. Without any call there is
  // nothing to wait for: the server has called a tool itself, or could not read the call that the model wrote.
  const ordinary = state.calls.length > 0 ? 'tool_calls' : 'stop';
  const meant = meaning === 'stop' || meaning === 'tool_calls' ? ordinary : meaning;
  const isWeaker = meaning === 'stop' || meant === 'stop';
  const ms = state.hasContinuedAfterEnd ? CONTINUED_WAIT_MS : USAGE_WAIT_MS;
  return {
    ...state,
    phase: 'ended',
    // A later "stop" does not replace "length".
    finishReason: isWeaker && state.finishReason === 'length' ? 'length' : meant,
    wait: begins ? { ms } : state.wait,
  };
}
