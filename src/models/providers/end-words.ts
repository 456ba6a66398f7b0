import type { FinishReason } from './provider.js';

/** What a provider's word for an end means: the contract's own, no end at all, or that it broke off. */
export type EndMeaning = FinishReason | 'no end' | 'broken';

/**
 * The words in which servers say why an answer ends, and what they mean; the first row that fits counts. No
 * word is known that means two things at two providers. A word of no row is an ordinary end.
 */
const MEANINGS: readonly (readonly [words: RegExp, meaning: EndMeaning])[] = [
  [
    /^$|^(?:null|none|undefined|(?:finish_reason_)?unspecified|in_progress|incremental|continue)$|^(?:not_|un)finish/,
    'no end',
  ],
  [/error|fail|abort|cancel|timed?_?out|interrupt|disconnect|overload|exception/, 'broken'],
  [/insufficient|unavailable|rate_limit|quota|malformed|unexpected|crash|killed|reset/, 'broken'],
  [/terminated|preempt|evict|dropped|broke|memory|^oom$|invalid|too_many|missing/, 'broken'],
  [/filter|safety|sensitive|recitation|prohibited|blocklist|blocked|spii|refus/, 'content_filter'],
  [/moderat|guardrail|censor|policy|toxic|unsafe|^language$/, 'content_filter'],
  [/length|max|limit|truncat|incomplete|context|exceed|budget/, 'length'],
  [/tool|function/, 'tool_calls'],
];

/** What a `finish_reason` means. Servers write words in any case, and SGLang `{"type": "length"}`. */
export function meaningOf(reason: unknown): EndMeaning {
  const told =
    typeof reason === 'object' && reason !== null && 'type' in reason ? reason.type : reason;
  if (typeof told !== 'string') return 'no end';
  const word = told.trim().toLowerCase().replaceAll(/[\s-]/g, '_');
  return MEANINGS.find(([words]) => words.test(word))?.[1] ?? 'stop';
}
