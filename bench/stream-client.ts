import { Agent, request, type ClientRequest } from 'node:http';
import type { HttpRequest } from './driver.js';

const DELTA = 'event: delta';
const DONE = 'event: done';

/** The results of one stream. */
export interface StreamSeen {
  /** Time from the request to the first piece of the answer, in milliseconds. NaN if no piece came. */
  readonly firstMs: number;
  readonly events: number;
  /** Whether its last event was `done`. */
  readonly complete: boolean;
}

/** Opens any number of streams at once. */
export class StreamClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly url: string) {}

  /** Resolves when the stream has ended, and calls `onWords` each time that words arrive. Never rejects. */
  read(
    { method, path, headers, body }: HttpRequest,
    onWords: (call: ClientRequest, text: string) => void = () => undefined,
  ): Promise<StreamSeen> {
    const start = performance.now();
    let [firstMs, events, tail, complete] = [NaN, 0, '', false];
    return new Promise((resolve) => {
      const end = () => {
        resolve({ firstMs, events, complete });
      };
      const call = request(this.url + path, { method, headers, agent: this.agent }, (response) => {
        response.setEncoding('latin1');
        response.on('data', (text: string) => {
          events += text.split('\n\n').length - 1;
          tail += text;
          complete ||= tail.includes(DONE);
          tail = tail.slice(-DONE.length);
          if (!text.includes(DELTA)) return;
          if (Number.isNaN(firstMs)) firstMs = performance.now() - start;
          onWords(call, text);
        });
        response.on('close', end);
      });
      call.on('error', end);
      call.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
