import { describe, expect, it } from '@jest/globals';
import { meaningOf, type EndMeaning } from './finish-reasons.js';

const WORDS: Record<EndMeaning, unknown[]> = {
  'no end': [
    '',
    ' ',
    null,
    undefined,
    'null',
    'None',
    false,
    0,
    5,
    [],
    {},
    'FINISH_REASON_UNSPECIFIED',
    'not_finished',
    'unfinished',
    'continue',
    ...['running', 'PENDING', 'queued', 'generating'],
  ],
  stop: [
    ...['stop', 'STOP', 'end_turn', 'eos', 'stop_sequence', 'completed', 'other', 'constructor'],
    ...[
      'default',
      'charm',
      'countdown',
      'eof',
      'in_full',
      'epilogue',
      '50',
      'harmony_end',
      'illegal_argument',
    ],
  ],
  length: [
    ...[
      'token_budget_exhausted',
      'length',
      'model_length',
      'max_tokens',
      'MAX_TOKENS',
      'max_output_tokens',
      'max-length',
    ],
    ...[
      'model_context_window_exceeded',
      'token_limit',
      'incomplete',
      { type: 'length', length: 5 },
    ],
    ...['out_of_tokens', 'tokens_exhausted', 'too_many_tokens', 'too_many_output_tokens'],
    ...['too_many_tokens_generated', 'too_many_completion_tokens', 'too_many_new_tokens'],
    ...[
      'n_predict',
      'num_predict',
      'kv_context_full',
      'context_overflow',
      'OVERFLOW',
      'too_long',
      'cut_off',
      'cutoff',
      'token_cap',
    ],
  ],
  tool_calls: ['tool_calls', 'tool_use', 'function_call', 'TOOL_CALL'],
  content_filter: [
    'content_filter',
    'SAFETY',
    'RECITATION',
    'sensitive',
    'refusal',
    'SPII',
    'LANGUAGE',
    ...['violation', 'blacklist', 'flagged', 'JAILBREAK', 'nsfw', 'harmful', 'risk_control'],
    ...['copyright', 'MODEL_ARMOR', 'illegal_content', 'contentFilter', 'blocked_by_gateway'],
  ],
  broken: [
    ...['error', 'network_error', 'insufficient_system_resource', 'abort', 'aborted', 'cancelled'],
    ...['timeout', 'TIME OUT', 'server_error', 'overloaded', 'engine_overloaded', 'rate_limit'],
    ...['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'failed', 'interrupted', 'timed_out'],
    ...['MISSING_THOUGHT_SIGNATURE', 'function_call_filter: MALFORMED_FUNCTION_CALL'],
    ...['preempted', 'evicted', 'terminated', 'out_of_memory', 'oom', 'TOO_MANY_TOOL_CALLS'],
    ...['server_shutdown', 'connection_closed', 'throttled', 'RESOURCE_EXHAUSTED', 'server_busy'],
    ...['deadline_exceeded', 'no_capacity', 'modelUnloaded', 'connection_lost', 'stalled'],
    ...['engine_dead', 'worker_died', 'lost_connection', 'upstream_gone', 'backend_down'],
    ...['socket hang up', 'hangup', 'restart', 'draining', 'expired', 'unhealthy', 'unreachable'],
    ...['panic', 'segfault', 'fault', 'bad_gateway', 'stopped_by_server', 'internal', '502'],
    ...['SIGTERM', 'sigkill', 'premature_close', 'inactivity', 'queue_full', 'nan'],
    ...['credits_exhausted', 'no_balance', 'incomplete_stream', 'connection_error', 'cache_full'],
    ...['too_many_tokens_per_minute', 'retries_exhausted', 'max_retries_exceeded'],
    ...['attempts_exhausted', 'connection_pool_exhausted', 'workers_exhausted'],
    ...['tokens_per_minute_exceeded', 'tpm_limit', 'concurrency_limit', 'daily_limit_exceeded'],
    ...['usage_limit_reached', 'request_limit', 'spend_limit', 'kv_cache_exhausted'],
    ...['engineDead', 'took_too_long', 'queue_overflow', 'connection_cutoff', 'protocol_violation'],
  ],
};

describe('a reason to end', () => {
  const cases = Object.entries(WORDS).flatMap(([meaning, words]) =>
    words.map((word) => [word, meaning] as const),
  );
  it.each(cases)('reads %j as %s', (word, meaning) => {
    expect(meaningOf(word)).toBe(meaning);
  });
});
