import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Caller } from './client.js';

/** One event from the wire. A comment has the name `:`. */
export interface WireEvent {
  readonly name: string;
  readonly content: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- specs assert on it
}

/** A client that reads server-sent events as a browser does, or as slowly as a spec needs. */
export class EventReader {
  raw = '';
  /** Whether the server closed the stream properly. */
  readonly ended: Promise<boolean>;
  private arrived: () => void = () => undefined;

  private constructor(
    private readonly outgoing: ClientRequest,
    readonly incoming: IncomingMessage,
  ) {
    incoming.setEncoding('utf8');
    incoming.on('data', (text: string) => {
      this.raw += text;
      this.arrived();
    });
    incoming.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      incoming.once('close', () => {
        this.arrived();
        resolve(incoming.complete);
      });
    });
  }

  /** Sends the request, and resolves when the headers arrive. */
  static async open(
    url: string,
    { token }: Caller,
    body: object,
    headers: Record<string, string> = {},
    path = '/api/chat/',
  ): Promise<EventReader> {
    const outgoing = request(url + path, {
      method: 'POST',
      agent: false,
      headers: {
        ...{ Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
        ...headers,
      },
    });
    outgoing.on('error', () => undefined);
    outgoing.end(JSON.stringify(body));
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    return new EventReader(outgoing, incoming);
  }

  get events(): WireEvent[] {
    return this.raw
      .split('\n\n')
      .slice(0, -1)
      .map((event) => {
        if (event.startsWith(':')) return { name: ':', content: event };
        const match = /^event: (\w+)\ndata: (.*)$/su.exec(event);
        if (!match) throw new Error(`not an event: ${event}`);
        return { name: match[1] ?? '', content: JSON.parse(match[2] ?? '') as unknown };
      });
  }

  /** Returns the text of all deltas so far. */
  get text(): string {
    const deltas = this.events.filter(({ name }) => name === 'delta');
    return deltas.map(({ content }) => (content as { text: string }).text).join('');
  }

  /** Resolves when an event with this name has come. Throws if the stream ends without one. */
  async until(name: string): Promise<WireEvent> {
    for (;;) {
      const found = this.events.find((event) => event.name === name);
      if (found) return found;
      if (this.incoming.destroyed) throw new Error(`no event ${name} in ${this.raw}`);
      await new Promise<void>((resolve) => (this.arrived = resolve));
    }
  }

  /** Reads to the end and returns every event. */
  async all(): Promise<WireEvent[]> {
    await this.ended;
    return this.events;
  }

  /** Closes the connection. */
  leave(): void {
    this.outgoing.destroy();
  }
}
