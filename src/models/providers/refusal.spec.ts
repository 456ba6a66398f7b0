import { describe, expect, it } from '@jest/globals';
import { BLOCKED_MAX_MS, durationOf, leastBlockedMs } from '../../../test/support/blocking.js';
import { errorOf } from './refusal.js';

const KEY = 'sk-only-the-provider-may-see-this';
const REPORT = { provider: 'one', model: 'm', reason: 'refused', tookMs: 5 };
const UNSAID = 'The model refused the request. Nothing was charged.';

const read = (status: number, body: unknown, retryAfter?: string) =>
  errorOf(
    { status, retryAfter, text: typeof body === 'string' ? body : JSON.stringify(body) },
    KEY,
    REPORT,
  );

describe('an answer other than 200', () => {
  it.each([
    [400, 400, 'provider_refused'],
    [422, 400, 'provider_refused'],
    [413, 413, 'provider_body_too_large'],
    [429, 503, 'provider_busy'],
    [503, 503, 'provider_busy'],
    [529, 503, 'provider_busy'],
    ...[301, 307, 401, 402, 403, 404, 405, 408, 409, 418, 500, 502, 504].map(
      (status) => [status, 502, 'provider_failed'] as const,
    ),
  ])('with status %i becomes %i %s', (upstream, status, code) => {
    const error = read(upstream, { error: { message: 'words', code: 'some_code' } });
    expect(error).toMatchObject({ status, code });
    expect(error.report).toEqual({
      ...REPORT,
      upstreamStatus: upstream,
      upstreamCode: 'some_code',
    });
    const isTold = status === 400 || status === 413;
    expect(error.message.includes('words')).toBe(isTold);
  });

  it.each<[string, unknown]>([
    [
      'Google, of its key',
      [
        {
          error: {
            ...{ code: 400, message: 'API key not valid. Please pass a valid API key.' },
            ...{ status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] },
          },
        },
      ],
    ],
    [
      'Anthropic about the credit',
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'Your credit balance is too low to access the Anthropic API.',
        },
      },
    ],
    ['Alibaba about the bill', { error: { code: 'Arrearage', message: 'Access denied' } }],
    ['OpenAI about the limit', { error: { code: 'billing_hard_limit_reached', message: 'x' } }],
    [
      'OpenRouter about the model',
      { error: { message: 'a/b is not a valid model ID', code: 400 } },
    ],
    ['Mistral about the model', { object: 'error', message: 'Invalid model: x', code: '1500' }],
    ['LM Studio about the model', { error: { message: "Model 'x' not found" } }],
    ['Google about the location', { error: { message: 'User location is not supported.' } }],
  ])("400 from %s counts as the operator's error", (_, body) => {
    expect(read(400, body)).toMatchObject({ status: 502, code: 'provider_failed' });
    expect(read(422, body).message).toBe('The model did not answer. Nothing was charged.');
  });

  it.each([
    'The tool "find" was not found in tools.',
    'Invalid value for model parameter temperature.',
    'messages[0]: a model answer may not come first',
    'Unknown role: model',
    'Parameter logprobs for this model is not available',
    "'x' is not a valid model parameter",
  ])('400 "%s" counts as the caller\'s error', (message) => {
    expect(read(400, { error: { message } })).toMatchObject({ status: 400, message });
  });

  it.each([
    ['7', '7'],
    ['1.5', '2'],
    ['0', '1'],
    ['-5', '1'],
    ['9999999', '3600'],
    ['soon', '5'],
    ['7s', '7'],
    ['7, 8', '7'],
    ['1m30s', '90'],
    ['2 minutes', '120'],
    ['2500ms', '3'],
    [undefined, '5'],
    ['2099-01-01T00:00:00Z', '3600'],
    [new Date(Date.now() + 30_500).toUTCString(), expect.stringMatching(/^(29|3[01])$/)],
  ])('passes Retry-After %p on as %p', (retryAfter, seconds) => {
    expect(read(429, '', retryAfter).headers['Retry-After']).toEqual(seconds);
  });

  it.each([
    ["Google's delay, without a header", '34.07s', undefined, '35'],
    ['the header, beside a delay', '34s', '7', '7'],
    ['the usual time, for a delay that is no text', 34, undefined, '5'],
    ['the usual time, for a delay that is no time', 'soon', undefined, '5'],
    ['at most an hour, for a longer delay', '99999s', undefined, '3600'],
  ])('a refusal asks callers to wait for %s', (_, retryDelay, header, seconds) => {
    const details = [null, 'x', { reason: 'RATE_LIMIT_EXCEEDED' }, { retryDelay }];
    const body = [
      { error: { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED', details } },
    ];
    expect(read(429, body, header).headers['Retry-After']).toBe(seconds);
  });

  it.each([
    [{ error: { message: 'x', code: 'context_length_exceeded' } }],
    [{ error: { message: "This model's maximum context length is 8192 tokens" } }],
    [{ object: 'error', message: 'The prompt is too long', code: 400 }],
    [{ detail: 'Input exceeds the context window' }],
    [{ error: "This model's maximum prompt length is 131072" }],
    [{ error: { message: '`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000' } }],
    [{ error: { type: 'exceed_context_size_error', message: 'x' } }],
    [{ error: { message: 'input length and `max_tokens` exceed context limit: 9 + 9 > 10' } }],
    [{ error: { code: 'invalid_parameter', message: 'Range of input length should be [1, 9]' } }],
    [{ error: { code: '1261', message: 'Prompt exceeds max length' } }],
    [{ error: { message: 'Your request exceeded model token limit: 8192' } }],
    [{ error_code: 336007, error_msg: 'prompt tokens too long' }],
  ])('recognises a prompt that is too long: %j', (body) => {
    expect(read(400, body).code).toBe('context_length_exceeded');
  });

  it.each([
    'max_tokens is too large: 5000. This model supports at most 4096 completion tokens.',
    'The name of the tool is too long',
    'The tool input is too long',
    'negative_prompt is too long',
    'max_tokens exceeds model token limit (4096)',
  ])('does not take another limit for a prompt that is too long: %s', (message) => {
    expect(read(400, { error: { message } }).code).toBe('provider_refused');
  });

  it.each<[unknown, string]>([
    [{ error: { message: 'temperature must be at most 2' } }, 'temperature must be at most 2'],
    [{ error: 'bad' }, 'bad'],
    [{ message: 'bad' }, 'bad'],
    [{ detail: [{ type: 'x', loc: ['body'], msg: 'bad', input: 'what was sent' }] }, 'bad'],
    [{ object: 'error', message: { detail: [{ msg: 'bad' }] } }, 'bad'],
    [[{ error: { message: 'bad' } }], 'bad'],
    [{ error: { message: 'two\nlines\u0000' } }, 'two lines '],
    [{ error: { message: '😀'.repeat(600) } }, '😀'.repeat(500)],
    ['<html>bad</html>', UNSAID],
    ['{"error":', UNSAID],
    ['', UNSAID],
    [{ error: {} }, UNSAID],
    [{ input: 'what was sent' }, UNSAID],
  ])('with the body %j is reported as %j', (body, detail) => {
    expect(read(400, body).message).toBe(detail);
  });

  it.each([
    `bad key ${KEY}`,
    `bad key ${KEY.slice(0, 20)}`,
    `bad key ${KEY.slice(8)}`,
    `bad key ...${KEY.slice(8)}`,
    `bad key x${KEY.slice(8, 24)}x`,
    'Authorization: Bearer abcdefghijkl',
    'sk-proj-of_another-0123456789',
    'AIzaSyD-0123456789',
    `${'x'.repeat(490)} ${KEY}`,
  ])('hides a key: %s', (message) => {
    const { message: shown } = read(400, { error: { message, code: KEY } });
    expect(shown).toMatch(/\[key\]|^x+ \[/);
    expect(shown).not.toMatch(/only-the-provider|may-see-this|0123456789|abcdefghijkl/);
    expect(read(401, { error: { code: KEY } }).report?.upstreamCode).toBeUndefined();
  });

  it.each([
    'data: {"error":{"message":"temperature is too high"}}\n\n',
    'id:1\r\nevent:error\r\n:HTTP_STATUS/400\r\ndata:{"code":"InvalidParameter","message":"temperature is too high"}',
    'data: {\ndata: "detail": "temperature is too high"\ndata: }\n\n',
    'data: {"error":{"message":"temperature is too high"}}\n\ndata: [DONE]\n\n',
    'event: error\r\ndata: {"message":"temperature is too high"}\r\n\r\ndata: [DONE]\r\n\r\n',
    'data: {"message":"temperature is too high"}\ndata: [DONE]\n',
  ])('is read from an event of a stream: %j', (text) => {
    expect(read(400, text)).toMatchObject({ status: 400, message: 'temperature is too high' });
  });

  it('is about the context or the key in an event too', () => {
    const event = (message: string) => `data: ${JSON.stringify({ error: { message } })}\n\n`;
    const tooLong = read(400, event('This exceeds the maximum context length.'));
    expect(tooLong).toMatchObject({ status: 400, code: 'context_length_exceeded' });
    const about = read(400, event('Invalid API key'));
    expect(about).toMatchObject({ status: 502, code: 'provider_failed' });
  });

  it('with many levels of lists is read', () => {
    const lists = '['.repeat(16_000) + ']'.repeat(16_000);
    for (const text of [`{"error":${lists}}`, `{"error":{"details":${lists}}}`]) {
      expect(read(429, text)).toMatchObject({ status: 503, code: 'provider_busy' });
    }
  });

  it.each(['\n', 'data:\n', 'data:{\n', 'data:{\n\n'])(
    'of 64 KiB is read without holding the event loop: %j',
    async (line) => {
      const text = line.repeat(65_536 / line.length);
      const readAll = () => {
        expect(read(400, text)).toMatchObject({ status: 400, code: 'provider_refused' });
      };
      expect(await leastBlockedMs(() => durationOf(readAll))).toBeLessThan(BLOCKED_MAX_MS);
    },
  );
});
