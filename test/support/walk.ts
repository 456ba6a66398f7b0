import type { Browser } from 'playwright-core';
import { TestApp } from './app.js';
import { openBrowser } from './browser.js';
import type { Caller } from './client.js';
import { databaseKinds } from './databases.js';
import { Mailbox } from './mailbox.js';
import { FLAT, modelsFile } from './models-file.js';
import { ProviderProbe } from './provider-probe.js';
import { WebPage, type SCREENS } from './web-page.js';

type Screen = keyof typeof SCREENS;

/** Each screen uses another database, so that both are tested. */
export const DATABASES = {
  small: databaseKinds.at(-1) ?? 'sqlite',
  wide: databaseKinds.at(0) ?? 'sqlite',
} as const;

const model = (id: string, price: object) => ({
  ...{ id, provider: 'echo', upstream: id, price },
  ...{ contextTokens: 8000, maxTokens: 1000 },
});

/** One service and one browser, in which the suites use the page one after another. */
export class Walk {
  private constructor(
    readonly screen: Screen,
    readonly app: TestApp,
    readonly provider: ProviderProbe,
    readonly mailbox: Mailbox,
    readonly browser: Browser,
  ) {}

  static async begin(screen: Screen): Promise<Walk> {
    const mailbox = await Mailbox.open();
    const app = await TestApp.start(DATABASES[screen], {
      ...modelsFile({
        providers: {},
        models: [model('echo', FLAT), model('dear', { per1kPrompt: 10, per1kCompletion: 20 })],
      }),
      OPENING_GRANT: '1300',
      MESSAGE_MAX_CHARS: '5000',
      SMTP_URL: mailbox.url,
      SMTP_FROM: 'Tallychat <no-reply@tally.example>',
      PUBLIC_URL: 'https://chat.example/',
    });
    return new Walk(screen, app, new ProviderProbe(app.nest), mailbox, await openBrowser());
  }

  /** Opens a window for `caller`, or without a login. */
  open(caller?: Caller, url = this.app.url): Promise<WebPage> {
    return WebPage.openInNewContext(this.browser, url, this.screen, caller);
  }

  async end(): Promise<void> {
    await this.browser.close();
    await this.app.close();
    await this.mailbox.close();
  }
}
