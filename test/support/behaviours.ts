import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import type { Behaviour, UpstreamCall } from './upstream.js';

/** Words that a faulty upstream sends and that no caller may see. */
export const UPSTREAM_SECRET = 'secret words of the upstream';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends a complete answer, "Hello there", without its usage. */
async function answer(call: UpstreamCall, reason = 'stop'): Promise<void> {
  call.open();
  await call.delta('Hello ');
  await call.delta('there');
  await call.finish(reason);
}

/** Sends a complete answer with this usage. */
const withUsage =
  (...pairs: [prompt: unknown, completion: unknown][]): Behaviour =>
  async (call) => {
    await answer(call);
    for (const [prompt, completion] of pairs) await call.usage(prompt, completion);
    await call.end();
  };

/** Sends a first delta, and then runs `then`. */
const afterFirstDelta =
  (then: (call: UpstreamCall) => Promise<void> | void): Behaviour =>
  async (call) => {
    call.open();
    await call.delta('Hello ');
    await then(call);
  };

/** Uses all model tokens that the request allows, and reports this number for the prompt. */
export const upToTheLimit =
  (promptTokens: number): Behaviour =>
  async (call) => {
    const limit = Number(call.body['max_tokens']);
    call.open();
    await call.delta('Hello '.repeat(limit));
    await call.finish('length');
    await call.usage(promptTokens, limit);
    await call.end();
  };

/** The same answer without a stream. */
const COMPLETE_ANSWER = {
  choices: [{ index: 0, message: { content: 'Hello there' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5 },
};
const error = { error: { message: UPSTREAM_SECRET, type: 'server_error' } };
const json = (status: number, body: string): Behaviour => {
  return (call) => {
    call.open(status, 'application/json').response.end(body);
  };
};

/** Every behaviour of an upstream, by the name of its model. */
export const BEHAVIOURS: Record<string, Behaviour> = {
  good: withUsage([10, 5]),
  refuses: json(500, JSON.stringify(error)),
  'refuses-401': json(401, JSON.stringify(error)),
  'refuses-429': json(429, JSON.stringify(error)),
  // Redirects to itself, so that a client that follows the redirect is seen to send another request.
  redirects: (call) => {
    call.response.writeHead(307, { Location: `${call.path}/elsewhere` }).end();
  },
  'error-200': json(200, JSON.stringify(error)),
  'plain-json-200': json(200, '{"choices":[{"message":{"content":"Hello there"}}]}'),
  // Servers that do not stream, proxies that compress responses, and servers that send events with another content
  // type.
  'whole-json-200': json(200, JSON.stringify(COMPLETE_ANSWER, null, 2)),
  'packed-200': (call) => {
    call.response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Content-Encoding': 'gzip',
    });
    call.response.end(gzipSync(`data: ${JSON.stringify(COMPLETE_ANSWER)}\n\ndata: [DONE]\n\n`));
  },
  'packed-twice': (call) => {
    call.response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Content-Encoding': 'gzip, br',
    });
    call.response.end(brotliCompressSync(gzipSync(`data: ${JSON.stringify(COMPLETE_ANSWER)}\n\n`)));
  },
  // The header names an unknown compression, but the body is not compressed. It must be refused all the same.
  'packed-unknown': (call) => {
    call.response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Content-Encoding': 'zstd',
    });
    call.response.end(`data: ${JSON.stringify(COMPLETE_ANSWER)}\n\n`);
  },
  'packed-and-cut': (call) => {
    call.response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Content-Encoding': 'gzip',
    });
    call.response.end(gzipSync('data: {}\n\n').subarray(0, 12));
  },
  // Nobody reads this body.
  'deflated-page': (call) => {
    const headers = { 'Content-Type': 'text/html', 'Content-Encoding': 'deflate' };
    call.response.writeHead(200, headers).flushHeaders();
  },
  'deflated-nothing': (call) => {
    call.response.writeHead(200, { 'Content-Encoding': 'deflate', 'Content-Length': 0 }).end();
  },
  // Without the header of zlib.
  'deflated-200': (call) => {
    call.response.writeHead(200, { 'Content-Encoding': 'deflate' });
    call.response.end(deflateRawSync(`data: ${JSON.stringify(COMPLETE_ANSWER)}\n\n`));
  },
  'two-types-200': (call) => {
    call.response.writeHead(200, [
      'Content-Type',
      'text/event-stream',
      'Content-Type',
      'text/plain',
    ]);
    call.response.end(`data: ${JSON.stringify(COMPLETE_ANSWER)}\n\n`);
  },
  'plain-type-200': (call) => {
    call.open(200, 'text/plain').response.end(`data: ${JSON.stringify(COMPLETE_ANSWER)}\n\n`);
  },
  'bare-error-midway': afterFirstDelta(async (call) => {
    await call.raw(`${JSON.stringify({ exception: UPSTREAM_SECRET })}\n\n`);
    await call.event('[DONE]');
    call.response.end();
  }),
  'resets-at-once': (call) => {
    call.reset();
  },
  hangs: () => undefined,
  'hangs-after-headers': (call) => {
    call.open();
  },
  'hangs-midway': afterFirstDelta(() => undefined),
  'resets-midway': afterFirstDelta(async (call) => {
    await wait(20);
    call.reset();
  }),
  'error-midway': afterFirstDelta(async (call) => {
    await call.event(error);
    await call.end();
  }),
  'garbage-midway': afterFirstDelta(async (call) => {
    await call.event(`{"choices": ${UPSTREAM_SECRET}`);
    await call.end();
  }),
  'ends-midway': afterFirstDelta((call) => {
    call.response.end();
  }),
  'html-200': (call) => {
    call.open(200, 'text/html').response.end(`<p>${UPSTREAM_SECRET}</p>`);
  },
  'long-line': afterFirstDelta(async (call) => {
    for (let n = 0; n < 160 && !call.isAborted; n += 1) await call.raw('x'.repeat(65_536));
    call.response.end();
  }),
  'choices-null': async (call) => {
    call.open();
    await call.event({ choices: null });
    await call.event({ choices: [] });
    await answer(Object.assign(call, { open: () => call }));
    await call.usage(10, 5);
    await call.end();
  },
  'choices-null-only': async (call) => {
    call.open();
    await call.event({ choices: null });
    await call.end();
  },
  'never-ends': async (call) => {
    call.open();
    while (!call.isAborted) {
      await call.delta('more and more '.repeat(50));
      await wait(0);
    }
  },
  'many-calls': async (call) => {
    call.open();
    await call.delta('Hello ');
    await call.delta('there');
    for (let n = 0; n < 513; n += 1) {
      const made = { index: n, id: `call_${String(n)}`, function: { name: 'f', arguments: '' } };
      await call.event({ choices: [{ index: 0, delta: { tool_calls: [made] } }] });
    }
    await call.finish('tool_calls');
    await call.end();
  },
  'no-done': async (call) => {
    await answer(call);
    call.response.end();
  },
  'no-finish': async (call) => {
    call.open();
    await call.delta('Hello there');
    await call.usage(10, 5);
    await call.end();
  },
  'hangs-after-done': async (call) => {
    await answer(call);
    await call.usage(10, 5);
    await call.event('[DONE]');
  },
  'hangs-after-finish': (call) => answer(call),
  'resets-after-finish': async (call) => {
    await answer(call);
    await wait(20);
    call.reset();
  },
  'says-nonsense': async (call) => {
    await answer(call, 'constructor');
    await call.usage(10, 5);
    await call.end();
  },
  'says-length': async (call) => {
    await answer(call, 'length');
    await call.usage(10, 5);
    await call.end();
  },
  'usage-missing': withUsage(),
  'usage-zero': withUsage([0, 0]),
  'usage-negative': withUsage([-10, -5]),
  'usage-repeated': withUsage([10, 5], [10, 5], [10, 5]),
  'usage-billion': withUsage([1_000_000_000, 1_000_000_000]),
  'usage-null': withUsage([null, null]),
  'usage-text': withUsage(['10', 'NaN']),
  'usage-fraction': withUsage([1.5, 2.5]),
  'usage-half': withUsage([10, undefined]),
  'usage-huge': withUsage([1e308, 1e308]),
  'usage-nan': async (call) => {
    await answer(call);
    await call.event('{"choices":[],"usage":{"prompt_tokens":NaN,"completion_tokens":NaN}}');
    await call.end();
  },
};
