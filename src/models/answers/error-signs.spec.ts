import { describe, expect, it } from '@jest/globals';
import { after, stop, word } from '../../../test/support/answer-steps.js';
import { step } from './answer-machine.js';

describe('an event without a choice', () => {
  it.each([
    { x_groq: { id: 'r', error: 'over capacity' } },
    { type: 'response.failed', response: {} },
    { status: 'failed' },
    { success: false },
    { Error: { Message: 'x' } },
    { exception: 'ValueError' },
    { fault: { faultstring: 'x' } },
    { Message: 'x' },
    { errorMessage: 'x' },
    { ERROR: 'x' },
    { errorCode: 500 },
    { errno: -1 },
    { ret: -1 },
    { isError: true },
    { failed: true },
    { ok: false },
    { state: 'error' },
    { statusText: 'Internal Server Error' },
    { event: 'error', data: 'x' },
    { traceback: 'x' },
    { type: 'ThrottlingException' },
    { modelStreamErrorException: { message: 'x' } },
    { data: { error: 'x' } },
    { response: { status: 'failed' } },
    { response: { status: 500 } },
    { header: { code: 10_013, message: 'x' } },
    { APIError: 'x' },
    { 'error-message': 'x' },
    { errormessage: 'x' },
    { last_error_code: 7 },
    { last_error: { code: 7, message: 'x' } },
    { statusText: 'Connection error' },
    { result: 'failed' },
    { state: 'Generation failed' },
    { info: { status: 500, error: 'CUDA out of memory' } },
    { errors: { code: ['is not a model'] } },
    { exception: { code: true } },
    { error_code: { value: 500 } },
    { status: 'errored' },
    { state: 'aborted' },
    { status: 'CANCELLED' },
    { statusText: 'Service Unavailable' },
    { event: 'request_timeout' },
    { response: { status: 'timed out' } },
    { type: 'response.errored' },
    { error: { code: 0, message: 'overloaded' } },
    { type: 'tool_error', message: 'x' },
    { type: 'generation.aborted' },
    { success: 'false' },
  ])('is an error, whatever other fields it has: %j', (error) => {
    expect(after(word, { choices: [], ...error }, stop).state.phase).toBe('broken');
  });

  it.each([
    { errors: [], errorCode: 0, err: '', errmsg: 'ok', failed: false, ret: 0 },
    { ok: true, state: 'running', status: 200, event: 'message', isError: false },
    { data: { code: 5, message: '', errors: 0 }, response: { status: 'completed', error: null } },
    { header: { code: 0, message: 'Success' }, info: { message: 'x' }, reason: 'x' },
    { last_error: { code: 0, msg: 'success' }, last_error_code: '0' },
    { warning: { code: 'model_deprecated', message: 'x' } },
    { status: 'NO_ERROR', statusText: 'No error', error_code: 'none', errmsg: 'none' },
    { last_error: { code: 0, message: 'no error' }, error_message: 'null' },
    { type: 'tool_result', result: 'The tests did not fail', event: 'after an error' },
    { tool: { name: 'run', result: 'Not found: 404 error' } },
    { error: { code: 0, message: 'success' } },
    { error: { code: '200', message: 'OK', type: '', param: null }, x_groq: { error: 'none' } },
    { status: 'restarting', state: 'time', event: 'cancelled by a person' },
    { type: 'tool_result', tool_use_id: 'x', is_error: true, content: 'x' },
    { usage: { prompt_tokens: 1, error: 'no price for it' }, success: 'true' },
    { type: 'function_call_output', status: 'failed', error: 'no such file' },
    { tool: { name: 'run', status: 'failed' }, mcp_tool: { exception: 'x' } },
  ])('is no error, whatever names its fields have: %j', (fields) => {
    expect(after(word, { choices: [], ...fields }, stop).state.phase).toBe('ended');
  });
});

describe('an event with a name', () => {
  it.each([
    ['timeout', {}, 'broken'],
    ['response.cancelled', {}, 'broken'],
    ['abort', word, 'broken'],
    ['errored', {}, 'broken'],
    ['tool_result', { error: 'x' }, 'open'],
    ['tool_result', { ...word, error: 'x' }, 'broken'],
    ['message', word, 'open'],
  ])('is read by it: %s, %j', (name, fields, phase) => {
    const { state } = after(word);
    const next = step(state, { name, text: JSON.stringify(fields) });
    expect(next.state.phase).toBe(phase);
  });
});

describe('an event of a choice', () => {
  it.each([
    [{ error: { code: 0, message: 'success' } }, 'ended'],
    [{ error: { code: 5, message: 'success' } }, 'broken'],
    [{ type: 'tool_call', error: { message: 'x' } }, 'broken'],
    [{ status: 'errored', type: 'x' }, 'ended'],
  ])('is read with %j: %s', (fields, phase) => {
    const { state, deltas } = after(word, { ...word, ...fields }, stop);
    expect(state.phase).toBe(phase);
    expect(deltas).toHaveLength(phase === 'ended' ? 2 : 1);
  });

  it.each([
    [{ error_code: 'INTERNAL_ERROR' }, 'broken'],
    [{ errorCode: 500, error_message: '' }, 'broken'],
    [{ error_msg: 'overloaded' }, 'broken'],
    [{ error_code: 0, error_message: 'success', error_msg: '' }, 'ended'],
    [{ error_msg: 'ok.' }, 'ended'],
    [{ error_msg: 'Request succeeded', error_message: 'N/A' }, 'ended'],
    [{ error_msg: '请求成功。', error: { code: 0, message: 'Success!' } }, 'ended'],
    [{ error_msg: 'ok, but overloaded' }, 'broken'],
    [{ error_msg: 'not done' }, 'broken'],
    [{ error_code: null, content_filter_result: { error: { code: 'x' } } }, 'ended'],
  ])('is read with these fields of the choice: %j, %s', (fields, phase) => {
    const choices = [{ index: 0, delta: {}, ...fields }];
    expect(after(word, { choices }, stop).state.phase).toBe(phase);
  });
});
