import { setTimeout as sleep } from 'node:timers/promises';
import { balance, chat, firstPage, login, streamed } from '../cases.js';
import type { HttpRequest } from '../driver.js';
import { logins, payerAt } from '../people.js';
import { StreamClient } from '../stream-client.js';

const TICK_MS = 20;

/** Number of outcomes by kind of request: `{"chat": {"200": 12, "502": 3}}`. */
export type Outcomes = Record<string, Record<string, number>>;

/** Sends a fixed number of requests a second, of every kind, even if earlier ones have no answer yet. */
export class Load {
  readonly outcomes: Outcomes = {};
  private readonly streams: StreamClient;
  private readonly open = new Set<Promise<void>>();
  private sent = 0;

  constructor(private readonly url: string) {
    this.streams = new StreamClient(url);
  }

  /** Resolves after `seconds`, when every request has an answer. */
  async run(rate: number, seconds: number): Promise<void> {
    const start = performance.now();
    for (let passed = 0; passed < seconds; passed = (performance.now() - start) / 1000) {
      while (this.sent < passed * rate) this.sendNext();
      await sleep(TICK_MS);
    }
    await Promise.all(this.open);
    this.streams.close();
  }

  /**
   * Sends the next request. Of ten, four are chats, two are streams read to the end, and one is a stream left
   * midway.
   */
  private sendNext(): void {
    const n = this.sent++;
    const person = payerAt(n);
    const turn = n % 10;
    const sending =
      n % 100 === 0
        ? this.plain('login', login(logins[0] ?? ''))
        : turn < 4
          ? this.plain('chat', chat(person, 'moody'))
          : turn < 6
            ? this.stream('stream', streamed(person, 'moody'))
            : turn === 6
              ? this.leave('stream left midway', streamed(person, 'moody'))
              : turn === 7
                ? this.twice(chat(person, 'echo'), `soak-${String(n)}`)
                : turn === 8
                  ? this.plain('balance', balance(person))
                  : this.plain('history page', firstPage(person));
    const tracked = sending.finally(() => this.open.delete(tracked));
    this.open.add(tracked);
  }

  private count(kind: string, outcome: string): void {
    const counts = (this.outcomes[kind] ??= {});
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }

  private async plain(kind: string, { path, ...request }: HttpRequest): Promise<void> {
    try {
      const { method, headers, body = null } = request;
      const answer = await fetch(this.url + path, { method, headers, body });
      await answer.arrayBuffer();
      this.count(kind, String(answer.status));
    } catch {
      this.count(kind, 'broken');
    }
  }

  /** Sends a request twice with one key. The second answer is a replay of the first. */
  private async twice(request: HttpRequest, key: string): Promise<void> {
    const keyed = { ...request, headers: { ...request.headers, 'Idempotency-Key': key } };
    await this.plain('chat with a key', keyed);
    await this.plain('the same again', keyed);
  }

  private async stream(kind: string, request: HttpRequest): Promise<void> {
    const { complete } = await this.streams.read(request);
    this.count(kind, complete ? 'done' : 'failed');
  }

  private async leave(kind: string, request: HttpRequest): Promise<void> {
    const { firstMs } = await this.streams.read(request, (call) => call.destroy());
    this.count(kind, Number.isNaN(firstMs) ? 'failed before it' : 'left');
  }
}
