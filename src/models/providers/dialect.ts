import type { MaxTokensField } from '../../config/models-file.js';

/** In which words a model is asked, where servers differ. */
export interface Dialect {
  /** By which name it is told how long the answer may be. */
  readonly maxTokensField: MaxTokensField;
  /** Whether it is asked for its usage by `stream_options`. */
  readonly asksForUsage: boolean;
}

const OTHER: Readonly<Record<MaxTokensField, MaxTokensField>> = {
  max_tokens: 'max_completion_tokens',
  max_completion_tokens: 'max_tokens',
};

/** What servers say of a field that they do not know, as against one whose value they do not like. */
const UNKNOWN =
  /unsupported|not (?:supported|permitted|allowed|recogni[sz]ed|a valid|expected)|unknown|unrecogni[sz]ed|extra|forbidden|unexpected|instead|does ?n[o']t (?:support|accept)|no such|invalid (?:parameter|field|argument)/i;

/**
 * The dialect to ask in once more, where a refusal says that a field of ours is not known; undefined where it
 * says nothing of the kind.
 */
export function otherDialect(refusal: string, asked: Dialect): Dialect | undefined {
  if (!UNKNOWN.test(refusal)) return undefined;
  const { maxTokensField, asksForUsage } = asked;
  const names = (field: string) => new RegExp(`\\b${field}\\b`).test(refusal);
  const other = names(maxTokensField) ? OTHER[maxTokensField] : maxTokensField;
  const stillAsks = asksForUsage && !names('stream_options') && !names('include_usage');
  if (other === maxTokensField && stillAsks === asksForUsage) return undefined;
  return { maxTokensField: other, asksForUsage: stillAsks };
}
