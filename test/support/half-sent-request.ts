import { request, type ClientRequest, type IncomingMessage } from 'node:http';

/** A request of which the service has received the head and half of the body. */
export class HalfSentRequest {
  private readonly body: Buffer;
  private readonly outgoing: ClientRequest;
  readonly answer: Promise<IncomingMessage>;

  constructor(target: string, body: object, headers: Record<string, string> = {}) {
    this.body = Buffer.from(JSON.stringify(body));
    const allHeaders = {
      'Content-Type': 'application/json',
      'Content-Length': this.body.length,
      Expect: '100-continue',
      ...headers,
    };
    this.outgoing = request(target, { method: 'POST', headers: allHeaders });
    this.answer = new Promise((done, failed) => {
      this.outgoing.on('response', done).on('error', failed);
    });
    this.answer.catch(() => undefined); // a spec that closes the connection ignores the answer
  }

  static registration(url: string, username: string): HalfSentRequest {
    return new HalfSentRequest(`${url}/api/register/`, { username, password: 'Str0ng-pass-1' });
  }

  /** Resolves when the service reports that it has read the head. */
  async begin(): Promise<void> {
    this.outgoing.flushHeaders();
    await new Promise((done) => this.outgoing.once('continue', done));
    this.outgoing.write(this.body.subarray(0, 9));
  }

  /** Resolves when the rest has been sent. */
  async finish(): Promise<void> {
    await new Promise<void>((done) => this.outgoing.end(this.body.subarray(9), done));
  }

  disconnect(): void {
    this.outgoing.destroy();
  }
}
