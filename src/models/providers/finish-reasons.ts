import type { FinishReason } from './provider.js';

/** The meaning of a provider's finish reason: one of the contract's own, not an end at all, or a broken answer. */
export type EndMeaning = FinishReason | 'no end' | 'broken';

/**
 * The finish reasons of servers, and their meanings. The first matching row counts. No known word has two meanings
 * at two providers. A word that matches no row is an ordinary end.
 */
const MEANINGS: readonly (readonly [pattern: RegExp, meaning: EndMeaning])[] = [
  [
    /^$|^(?:null|none|undefined|(?:finish_reason_)?unspecified|in_progress|incremental|continue)$|^(?:not_|un)finish/,
    'no end',
  ],
  [/^(?:running|pending|queued|processing|generating|streaming)$/, 'no end'],
  [/error|fail|abort|cancel|timed?_?out|interrupt|disconnect|overload|exception/, 'broken'],
  [/insufficient|unavailable|rate_limit|quota|malformed|unexpected|crash|killed|reset/, 'broken'],
  [/throttl|resource_?exhaust|busy|(?:no|at|over)_capacity|deadline|unload|stalled/, 'broken'],
  [
    /terminated|preempt|evict|dropped|broke|shut_?down|closed|memory|^oom$|invalid|too_many(?!_(?:\w+_)?tokens?(?:_generated)?$)|missing/,
    'broken',
  ],
  [
    /hang_?up|restart|drain|expired|unhealthy|unreachable|panic|(?:stopped|ended)_by_server|^[45]\d\d$/,
    'broken',
  ],
  [/bad_gateway|^gateway$|^internal(?:_server)?$|(?:^|_|seg)fault$/, 'broken'],
  [
    /(?:^|_)(?:dead|died|lost|gone|down)(?:_|$)|(?:queue|stack|buffer)_overflow|(?:queue|cache|buffer)_full/,
    'broken',
  ],
  [/retr(?:y|ies)|attempts|(?:pool|connections?|workers?|engine|threads?|cache)_exhaust/, 'broken'],
  [/per_(?:second|minute|hour|day)|(?:^|_)[tr]p[md](?:_|$)|concurren/, 'broken'],
  [/(?:usage|requests?|daily|spend(?:ing)?)_(?:limit|exceed)/, 'broken'],
  [/premature|inactiv|^nan$|(?:^|_)sig(?:term|kill|abrt|segv|int)$/, 'broken'],
  [/credit|balance|billing|incomplete_(?:stream|response|chunk)|^connection/, 'broken'],
  [/(?:took|wait(?:ed|ing)?)_too_long|connection_cut|(?:access|protocol)_violation/, 'broken'],
  [/filter|safety|sensitive|recitation|prohibited|blocklist|blocked|spii|refus/, 'content_filter'],
  [/moderat|guardrail|censor|policy|toxic|unsafe|^language$/, 'content_filter'],
  [/violat|blacklist|flagged|jailbreak|nsfw|illegal_content|copyright|abus/, 'content_filter'],
  [/(?:^|_)(?:harm(?!ony)|risk)|model_armor/, 'content_filter'],
  [/length|max|limit|truncat|incomplete|context|exceed|budget/, 'length'],
  [
    /overflow|too_long|cut_?off|_cap$|exhaust|(?:out_of|too_many)_(?:\w+_)?tokens?(?:_generated)?$|^n(?:um)?_predict$/,
    'length',
  ],
  [/tool|function/, 'tool_calls'],
];

/**
 * Returns the meaning of a `finish_reason`. Servers write words in any case, and SGLang sends `{"type": "length"}`.
 */
export function meaningOf(reason: unknown): EndMeaning {
  const reasonText =
    typeof reason === 'object' && reason !== null && 'type' in reason ? reason.type : reason;
  if (typeof reasonText !== 'string') return 'no end';
  const words = reasonText.trim().replaceAll(/([a-z])([A-Z])/g, '$1_$2');
  const word = words.toLowerCase().replaceAll(/[\s-]/g, '_');
  return MEANINGS.find(([pattern]) => pattern.test(word))?.[1] ?? 'stop';
}
