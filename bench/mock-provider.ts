import { createServer } from 'node:http';
import { delta, ending, openEvents } from './upstream.js';

/**
 * A provider with OpenAI's protocol in its own process. The model `words-N` answers at once with N pieces. The
 * argument is the port.
 */
const [port = ''] = process.argv.slice(2);

const completion = (text: string, words: number) =>
  JSON.stringify({
    ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_764_000_000, model: 'words' },
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: words, total_tokens: 10 + words },
  });

/** Both forms of each answer, made once, so that this process adds little to the measured time. */
const answers = new Map(
  [20, 200].map((words) => [
    `words-${String(words)}`,
    {
      streamed: Buffer.from(delta('word ').repeat(words) + ending(words)),
      whole: Buffer.from(completion('word '.repeat(words), words)),
    },
  ]),
);

createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (request.method !== 'POST') {
      response.end();
      return;
    }
    const body = Buffer.concat(parts).toString();
    const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean };
    const answer = answers.get(model);
    if (!answer) response.writeHead(404).end();
    else if (stream) {
      openEvents(response);
      response.end(answer.streamed);
    } else response.writeHead(200, { 'Content-Type': 'application/json' }).end(answer.whole);
  });
}).listen(Number(port), '127.0.0.1');
