import type { MaxTokensField } from '../../config/models-file.js';

/** The names of request fields that differ between servers. */
export interface Dialect {
  /** The field that contains the maximum length of the answer. */
  readonly maxTokensField: MaxTokensField;
  /** Whether usage is requested with `stream_options`. */
  readonly asksForUsage: boolean;
}

const OTHER_MAX_TOKENS_FIELD: Readonly<Record<MaxTokensField, MaxTokensField>> = {
  max_tokens: 'max_completion_tokens',
  max_completion_tokens: 'max_tokens',
};

/** The words of servers for a field that they do not know, as opposed to a value that they do not accept. */
const UNKNOWN_FIELD_WORDS =
  /unsupported|not (?:supported|permitted|allowed|recogni[sz]ed|a valid|expected)|unknown|unrecogni[sz]ed|extra|forbidden|unexpected|instead|does ?n[o']t (?:support|accept)|no such|invalid (?:parameter|field|argument)/i;

/**
 * Returns the dialect for a second request if the refusal says that one of our fields is unknown. Otherwise returns
 * undefined.
 */
export function otherDialect(refusal: string, asked: Dialect): Dialect | undefined {
  if (!UNKNOWN_FIELD_WORDS.test(refusal)) return undefined;
  const { maxTokensField, asksForUsage } = asked;
  const names = (field: string) => new RegExp(`\\b${field}\\b`).test(refusal);
  const other = names(maxTokensField) ? OTHER_MAX_TOKENS_FIELD[maxTokensField] : maxTokensField;
  const stillAsks = asksForUsage && !names('stream_options') && !names('include_usage');
  if (other === maxTokensField && stillAsks === asksForUsage) return undefined;
  return { maxTokensField: other, asksForUsage: stillAsks };
}
