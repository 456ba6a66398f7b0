import { isCut, owedPieces, placePieces, type KnownCalls } from './call-pieces.js';
import { chunkOf, type Chunk } from './chunk.js';
import type { EndMeaning } from './end-words.js';
import type { ServerEvent } from './event-reader.js';
import type { CompletionDelta, FinishReason, Usage } from './provider.js';

/** How long what is missing is waited for once an answer has come to an end. */
export interface Wait {
  readonly ms: number;
}

/** The whole answer is here: so long may the usage take, and then the closing of the connection. */
const USAGE_WAIT_MS = 5000;
const CLOSE_WAIT_MS = 250;
/** At a server that went on after it gave a reason to end, the next reason is worth less. */
const DOUBTFUL_WAIT_MS = 30_000;

/** No model calls so many tools at once; each costs memory. */
const CALLS_MAX = 512;

/**
 * How far an answer has come: nothing said yet; being said; ended by a reason; over, by `[DONE]`; or broken.
 * The table of what leads where is in docs/models.md.
 */
export type Phase = 'silent' | 'open' | 'ended' | 'over' | 'broken';

/** What the events of one answer have told so far. Never changed: each step makes another. */
export interface AnswerState {
  readonly phase: Phase;
  /** Whether there was a word or a call of a tool; what the model thinks is no answer by itself. */
  readonly hasSpoken: boolean;
  readonly finishReason: FinishReason | undefined;
  /** Output came after a reason to end. */
  readonly isDoubtful: boolean;
  /** What the provider said last; a repetition is not more. */
  readonly usage: Usage | undefined;
  readonly calls: KnownCalls;
  /** An event came that is no part of an answer: without a reason to end, the answer may have broken off there. */
  readonly isStrange: boolean;
  /** What is waited for, from the step that made this object on. */
  readonly wait: Wait | undefined;
  /** Why it is broken, in our words: a provider's own may repeat a key or a message. */
  readonly fault: string | undefined;
}

export const SILENT: AnswerState = {
  phase: 'silent',
  hasSpoken: false,
  finishReason: undefined,
  isDoubtful: false,
  usage: undefined,
  calls: [],
  isStrange: false,
  wait: undefined,
  fault: undefined,
};

export interface Step {
  readonly state: AnswerState;
  /** The output in the event. */
  readonly delta?: CompletionDelta | undefined;
}

/** What one event makes of an answer. After `[DONE]`, and once it is broken, nothing counts any more. */
export function step(state: AnswerState, event: ServerEvent): Step {
  if (state.phase === 'over' || state.phase === 'broken') return { state };
  if (event.text.trim() === '[DONE]') return close(state);
  const chunk = chunkOf(event);
  return 'fault' in chunk ? { state: interrupted(state, chunk.fault) } : take(state, chunk);
}

/** What the end of the connection makes of an answer, be it an orderly end or a reset. */
export function end(state: AnswerState, isOrderly: boolean): AnswerState {
  if (state.phase === 'over' || state.phase === 'broken') return state;
  const isWhole = state.phase === 'ended' && (isOrderly || !state.isDoubtful);
  return isWhole ? { ...state, phase: 'over' } : broken(state, 'the provider broke off');
}

const broken = (state: AnswerState, fault: string): AnswerState => ({
  ...state,
  ...{ phase: 'broken', fault, wait: undefined },
});

const over = (state: AnswerState): AnswerState => ({
  ...state,
  ...{ phase: 'over', wait: { ms: CLOSE_WAIT_MS } },
});

/** Who says that all is said owes nothing any more. */
function close(state: AnswerState): Step {
  const { calls, deltas } = owedPieces(state.calls);
  const toolCalls = deltas.length > 0 ? { toolCalls: deltas } : undefined;
  return {
    state: closed({ ...state, calls }),
    delta: toolCalls && { type: 'delta', text: '', ...toolCalls },
  };
}

function closed(state: AnswerState): AnswerState {
  if (state.phase === 'ended') return over(state);
  if (!state.hasSpoken) return broken(state, 'the provider ended without an answer');
  if (state.isStrange || state.calls.some(isCut)) {
    return broken(state, 'the provider ended without a reason, amid something else');
  }
  return over(state.calls.length > 0 ? { ...state, finishReason: 'tool_calls' } : state);
}

/** An error, or what is no chunk: an answer that has ended is whole already. */
function interrupted(state: AnswerState, fault: string): AnswerState {
  if (state.phase === 'ended' && !state.isDoubtful) return over(state);
  return broken(state, fault);
}

function callsAfter(known: KnownCalls, pieces: readonly unknown[], isEnding: boolean) {
  const placed = placePieces(known, pieces);
  if (!isEnding) return placed;
  const { calls, deltas } = owedPieces(placed.calls);
  return deltas.length === 0 ? placed : { calls, deltas: [...placed.deltas, ...deltas] };
}

/** One more piece of a text, and nothing else: nearly all events of an answer, which change nothing in its state. */
function isMoreText(state: AnswerState, chunk: Chunk): boolean {
  return (
    state.phase === 'open' &&
    state.hasSpoken &&
    chunk.text !== '' &&
    chunk.reasoning === '' &&
    chunk.pieces.length === 0 &&
    chunk.usage === undefined &&
    chunk.ending.meaning === 'no end' &&
    !chunk.isStrange &&
    !('isWholeMessage' in chunk.ending)
  );
}

function take(state: AnswerState, chunk: Chunk): Step {
  if (isMoreText(state, chunk)) return { state, delta: { type: 'delta', text: chunk.text } };
  const { usage, text, reasoning, pieces, ending } = chunk;
  // Some servers send the whole once more when they end.
  const isRepeated = 'isWholeMessage' in ending && state.hasSpoken;
  const isEnding = ending.meaning !== 'no end';
  const { calls, deltas } = callsAfter(state.calls, isRepeated ? [] : pieces, isEnding);
  if (calls.length > CALLS_MAX) return { state: broken(state, 'the provider made too many calls') };
  const said = isRepeated ? '' : text;
  const thought = isRepeated ? '' : reasoning;
  const hasSpoken = said !== '' || deltas.length > 0;
  const hasOutput = hasSpoken || thought !== '';
  const isStrange = state.isStrange || chunk.isStrange;
  const told = { ...state, usage: later(state.usage, usage), calls, isStrange };
  const spoken = hasOutput ? withOutput(told, hasSpoken) : told;
  const next = withEnding(spoken, ending.meaning, hasOutput);
  const delta: CompletionDelta = {
    type: 'delta',
    text: said,
    ...(thought !== '' && { reasoning: thought }),
    ...(deltas.length > 0 && { toolCalls: deltas }),
  };
  return { state: next, delta: hasOutput ? delta : undefined };
}

/** Output after a reason means that the reason was none: the answer is open again, and nothing is waited for. */
function withOutput(state: AnswerState, hasSpoken: boolean): AnswerState {
  return {
    ...state,
    phase: 'open',
    hasSpoken: state.hasSpoken || hasSpoken,
    isDoubtful: state.isDoubtful || state.phase === 'ended',
    wait: undefined,
  };
}

/** The wait begins with the first reason, and anew with each that comes with or after more output. */
function withEnding(state: AnswerState, meaning: EndMeaning, hasOutput: boolean): AnswerState {
  if (meaning === 'no end') return state;
  if (meaning === 'broken') return broken(state, 'the provider says that the answer broke off');
  const begins = hasOutput || state.phase !== 'ended';
  // Who called tools wants their results, by whatever word the server ends.
  const hasCalled = state.calls.length > 0 || state.finishReason === 'tool_calls';
  const meant = meaning === 'stop' && hasCalled ? 'tool_calls' : meaning;
  const ms = state.isDoubtful ? DOUBTFUL_WAIT_MS : USAGE_WAIT_MS;
  return {
    ...state,
    phase: 'ended',
    // "stop" says nothing more of an answer that was cut.
    finishReason: meaning === 'stop' && state.finishReason === 'length' ? 'length' : meant,
    wait: begins ? { ms } : state.wait,
  };
}

/**
 * Of each count the last that was told, since some servers tell them one by one; but zeros after counts are only
 * the end of the stream.
 */
function later(before: Usage | undefined, told: Usage | undefined): Usage | undefined {
  if (!before || !told) return told ?? before;
  if (told.promptTokens === 0 && told.completionTokens === 0) return before;
  const counts = Object.entries(told).filter(([, count]) => !Number.isNaN(count));
  return { ...before, ...Object.fromEntries(counts) };
}
