import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { TestApp } from './app.js';
import type { DatabaseKind } from './databases.js';

export interface ReceivedMail {
  readonly from: string;
  readonly to: string[];
  /** Headers and text, unchanged. */
  readonly raw: string;
}

/** A mail server that stores the mails it receives. A spec can make it refuse or delay them. */
export class Mailbox {
  readonly mails: ReceivedMail[] = [];
  /** Returns the refusal of a mail. Undefined accepts every mail. */
  refusal: ((raw: string) => string) | undefined;
  /** Each mail is answered when this resolves. */
  private pause: Promise<void> = Promise.resolve();

  private constructor(private readonly server: SMTPServer) {}

  static async open(): Promise<Mailbox> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          void mailbox.receive(Buffer.concat(chunks).toString('utf8'), session.envelope).then(done);
        });
      },
    });
    const mailbox = new Mailbox(server);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return mailbox;
  }

  get url(): string {
    const { port } = this.server.server.address() as AddressInfo;
    return `smtp://127.0.0.1:${String(port)}`;
  }

  /** Returns the token in the link of the newest mail. */
  get lastToken(): string {
    const token = /#password-reset=([\w-]+)/.exec(this.mails.at(-1)?.raw ?? '')?.[1];
    if (token === undefined) throw new Error('no link was sent');
    return token;
  }

  /** Answers no mail before the work is done, also if it fails. */
  async whilePaused(work: () => Promise<void>): Promise<void> {
    let resume: () => void = () => undefined;
    this.pause = new Promise((resolve) => (resume = resolve));
    try {
      await work();
    } finally {
      resume();
    }
  }

  /** Resolves when there are `count` mails. */
  async waitFor(count: number): Promise<void> {
    while (this.mails.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** Resolves when there is a mail to this address. */
  async waitForMailTo(address: string): Promise<void> {
    while (!this.mails.some(({ to }) => to.includes(address))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }

  private async receive(
    raw: string,
    envelope: { mailFrom: false | { address: string }; rcptTo: { address: string }[] },
  ): Promise<Error | null> {
    await this.pause;
    const from = envelope.mailFrom ? envelope.mailFrom.address : '';
    const to = envelope.rcptTo.map(({ address }) => address);
    const text = decode(raw);
    this.mails.push({ from, to, raw: text });
    return this.refusal ? new Error(this.refusal(text)) : null;
  }
}

/** The settings with which a service sends its mails to this server. */
export const mailSettings = (mailbox: Mailbox) => ({
  SMTP_URL: mailbox.url,
  SMTP_FROM: 'Tallychat <no-reply@tally.example>',
  PUBLIC_URL: 'https://chat.example/tally/',
});

/** Returns a new mail server, and a service that sends its mails to it. */
export async function startWithMailbox(
  kind: DatabaseKind,
): Promise<{ app: TestApp; mailbox: Mailbox }> {
  const mailbox = await Mailbox.open();
  return { mailbox, app: await TestApp.start(kind, mailSettings(mailbox)) };
}

/** Joins folded lines, as a mail client does. A mail in another encoding may contain `=3D` in a token. */
function decode(raw: string): string {
  if (!/^Content-Transfer-Encoding: quoted-printable/im.test(raw)) return raw;
  return raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
}
