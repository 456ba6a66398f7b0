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
  /** One address, taken as it is. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends mails by `SMTP_URL`. Links in them need `PUBLIC_URL`: without any of the three none is sent. */
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
   * Opens the way to the mail server, whose package is loaded where mails are sent. Says which setting is missing
   * where somebody has set some of them.
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

  /** Resolves when the server has taken the mail. Never rejects: that no mail goes out is logged. */
  async send({ to, subject, text }: Mail): Promise<void> {
    try {
      // As an object: text would be read as a list, in which an address may hide another.
      const address = { name: '', address: to };
      await this.transport?.sendMail({ from: this.config.smtpFrom, to: address, subject, text });
    } catch (error) {
      // The server's own words may quote the mail, and with it the link.
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
