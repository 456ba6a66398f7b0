import type { FinishReason } from '../provider.js';

/** The meaning of a provider's finish reason: one of the contract's own, not an end at all, or a broken answer. */
export type EndMeaning = FinishReason | 'no end' | 'broken';

/** The names of the field of a finish reason. The first counts, because vLLM's `stop_reason` beside it is a text of the caller. */
export const REASON_FIELDS = ['finish_reason', 'finishReason', 'stop_reason', 'done_reason'];

/**
 * The words in the finish reasons of servers, by their meaning and by what they are about. The first match counts. No
 * known word has two meanings at two providers. A reason without such a word is an ordinary end.
 */
const WORDS: Readonly<Record<Exclude<EndMeaning, 'stop'>, Readonly<Record<string, RegExp>>>> = {
  'no end': {
    nothing: /^(?:null|none|undefined|(?:finish_reason_)?unspecified)?$/,
    part: /^(?:in_progress|incremental|continue)$|^(?:not_|un)finish/,
    work: /^(?:running|pending|queued|processing|generating|streaming)$/,
  },
  broken: {
    fault: /error|fail|exception|unexpected|panic|premature|(?:^|_|seg)fault$|^nan$/,
    request: /malformed|invalid|missing|(?:access|protocol)_violation/,
    stop: /abort|cancel|interrupt|terminated|preempt|evict|dropped|expired/,
    stopByServer: /(?:stopped|ended)_by_server|^(?:internal(?:_server)?|[45]\d\d)$/,
    stopOfServer: /unload|restart|shut_?down|drain|closed|reset|crash|killed|broke/,
    signal: /(?:^|_)sig(?:term|kill|abrt|segv|int)$/,
    absence: /unavailable|unhealthy|unreachable|bad_gateway|^gateway$/,
    loss: /(?:^|_)(?:dead|died|lost|gone|down)(?:_|$)|incomplete_(?:stream|response|chunk)/,
    connection: /disconnect|hang_?up|^connection|connection_cut/,
    time: /timed?_?out|deadline|stalled|inactiv|(?:took|wait(?:ed|ing)?)_too_long/,
    load: /overload|throttl|busy|(?:no|at|over)_capacity|concurren|retr(?:y|ies)|attempts/,
    memory: /memory|^oom$|insufficient|(?:queue|cache|buffer)_full/,
    overflow: /(?:queue|stack|buffer)_overflow|resource_?exhaust/,
    exhaustion: /(?:pool|connections?|workers?|engine|threads?|cache)_exhaust/,
    rate: /rate_limit|per_(?:second|minute|hour|day)|(?:^|_)[tr]p[md](?:_|$)/,
    // Too many tokens of an answer are its length, but too many of a minute are not.
    tooMany: /too_many(?!_(?:\w+_)?tokens?(?:_generated)?$)/,
    account: /quota|credit|balance|billing/,
    spending: /(?:usage|requests?|daily|spend(?:ing)?)_(?:limit|exceed)/,
  },
  content_filter: {
    filter: /filter|moderat|guardrail|model_armor|censor|blocklist|blacklist|blocked|flagged/,
    danger: /safety|unsafe|sensitive|toxic|(?:^|_)(?:harm(?!ony)|risk)|jailbreak|abus|nsfw/,
    rule: /policy|prohibited|violat|illegal_content|recitation|copyright|spii|refus|^language$/,
  },
  length: {
    limit: /length|max|limit|exceed|budget|exhaust|_cap$|^n(?:um)?_predict$/,
    cut: /truncat|incomplete|cut_?off|overflow|too_long|context/,
    tokens: /(?:out_of|too_many)_(?:\w+_)?tokens?(?:_generated)?$/,
  },
  tool_calls: { call: /tool|function/ },
};
const PATTERNS = (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((meaning) =>
  Object.values(WORDS[meaning]).map((pattern) => ({ pattern, meaning })),
);

/**
 * The characters of a reason that are read, because the time of some patterns grows with the square of them. These are
 * more than `error-signs.ts` reads of a name: a reason may be a sentence, and its words count wherever they are.
 */
const REASON_MAX_CHARS = 1000;

/**
 * Returns the meaning of a `finish_reason`. Servers write words in any case, and SGLang sends `{"type": "length"}`.
 */
export function meaningOf(reason: unknown): EndMeaning {
  const reasonText =
    typeof reason === 'object' && reason !== null && 'type' in reason ? reason.type : reason;
  if (typeof reasonText !== 'string') return 'no end';
  const words = reasonText
    .trim()
    .slice(0, REASON_MAX_CHARS)
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2');
  const word = words.toLowerCase().replaceAll(/[\s-]/g, '_');
  return PATTERNS.find(({ pattern }) => pattern.test(word))?.meaning ?? 'stop';
}
