import { describe, expect, it } from '@jest/globals';
import { otherDialect, type Dialect } from './dialect.js';

const OLD: Dialect = { maxTokensField: 'max_tokens', asksForUsage: true };
const NEW: Dialect = { ...OLD, maxTokensField: 'max_completion_tokens' };

describe('the dialect of the second attempt', () => {
  it.each<[string, Dialect, Partial<Dialect> | undefined]>([
    [
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      OLD,
      { maxTokensField: 'max_completion_tokens' },
    ],
    [
      'Unrecognized request argument supplied: max_completion_tokens',
      NEW,
      { maxTokensField: 'max_tokens' },
    ],
    [
      'max_completion_tokens: Extra inputs are not permitted',
      NEW,
      { maxTokensField: 'max_tokens' },
    ],
    ['{"type":"extra_forbidden","loc":["body","stream_options"]}', OLD, { asksForUsage: false }],
    ['Unknown field: stream_options.include_usage', OLD, { asksForUsage: false }],
    [
      'Extra inputs are not permitted: max_tokens, stream_options',
      OLD,
      { maxTokensField: 'max_completion_tokens', asksForUsage: false },
    ],
    ['max_tokens is too large: 100000. This model supports at most 4096 tokens', OLD, undefined],
    ["This model's maximum context length is 8192 tokens", OLD, undefined],
    ['temperature is not supported with this model', OLD, undefined],
    ['Unsupported parameter: max_completion_tokens', OLD, undefined],
    ['Unknown field: stream_options', { ...OLD, asksForUsage: false }, undefined],
    ['', OLD, undefined],
  ])('is chosen by the refusal %j', (refusal, asked, change) => {
    expect(otherDialect(refusal, asked)).toEqual(change && { ...asked, ...change });
  });
});
