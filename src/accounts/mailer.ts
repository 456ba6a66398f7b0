import {
  Inject,
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { Transporter } from 'nodemailer';
import { CONFIG, type Config } from '../config/config.js';

const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 20_000;

export interface Mail {
  /** Exactly one address, which is not parsed as a list. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Sends mails through `SMTP_URL`. Sends none unless `SMTP_URL`, `SMTP_FROM` and `PUBLIC_URL` are all set,
 * because the links in the mails need `PUBLIC_URL`.
 */
@Injectable()
export class Mailer implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(Mailer.name);
  private transport: Transporter | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Whether mails are sent at all. */
  get isOn(): boolean {
    return this.missing.length === 0;
  }

  /**
   * Creates the connection to the mail server. Loads the mail package only if mails are sent. Logs which
   * settings are missing if only some of the three are set.
   */
  async onModuleInit(): Promise<void> {
    const { missing } = this;
    if (missing.length > 0 && missing.length < 3) {
      this.logger.warn(`no mail is sent: ${missing.join(' and ')} missing`);
    }
    if (!this.isOn) return;
    const { createTransport } = await import('nodemailer');
    this.transport = createTransport({
      url: this.config.smtpUrl,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  onModuleDestroy(): void {
    this.transport?.close();
  }

  /** Resolves when the server has accepted the mail. Never rejects: a failure is logged. */
  async send({ to, subject, text }: Mail): Promise<void> {
    try {
      // An object, because a text would be parsed as a list, and could contain a second address.
      const address = { name: '', address: to };
      await this.transport?.sendMail({ from: this.config.smtpFrom, to: address, subject, text });
    } catch (error) {
      // The server's message is not logged, because it may quote the mail, and so the link.
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      this.logger.error({ code, responseCode }, 'a mail was not sent');
    }
  }

  private get missing(): string[] {
    const { smtpUrl, smtpFrom, publicUrl } = this.config;
    const settings = { SMTP_URL: smtpUrl, SMTP_FROM: smtpFrom, PUBLIC_URL: publicUrl };
    return Object.entries(settings).flatMap(([name, value]) => (value === '' ? name : []));
  }
}
