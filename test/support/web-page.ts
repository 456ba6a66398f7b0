import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { PASSWORD } from './app.js';
import type { Caller } from './client.js';

/** The two screens that the page is made for. */
export const SCREENS = {
  wide: { width: 1280, height: 800 },
  small: { width: 390, height: 844 },
};

/** What the page keeps of a login, so that nobody needs to type it. */
const sessionOf = (url: string, { token, username }: Caller) => {
  const value = JSON.stringify({ token, username });
  return {
    cookies: [],
    origins: [{ origin: url, localStorage: [{ name: 'tallychat-session', value }] }],
  };
};

/** A browser's own words for an answer of ours that is no success: the page shows it, and is not at fault. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d /;

interface AxeResults {
  readonly violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

/** The page at `/` in a tab, by the names that people see and hear. */
export class WebPage {
  /** What the browser complained of: errors of scripts, breaches of the policy, requests elsewhere. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    url: string,
  ) {
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('dialog', (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      const isError = message.type() === 'error' || /Security Policy/.test(message.text());
      if (isError && !REFUSED.test(message.text())) this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      const isOurs = request.url().startsWith(url) || /^(data|blob):/.test(request.url());
      if (!isOurs) this.complaints.push(`asks elsewhere: ${request.url()}`);
    });
  }

  static async open(context: BrowserContext, url: string): Promise<WebPage> {
    const opened = new WebPage(await context.newPage(), url);
    await opened.page.goto(url);
    return opened;
  }

  /** A tab in a browser window of its own, in which nobody is logged in but `caller`. */
  static async openAlone(
    browser: Browser,
    url: string,
    screen: keyof typeof SCREENS = 'wide',
    caller?: Caller,
  ): Promise<WebPage> {
    const context = await browser.newContext({
      viewport: SCREENS[screen],
      acceptDownloads: true,
      // A click waits until what moves is at rest.
      reducedMotion: 'reduce',
      ...(caller && { storageState: sessionOf(url, caller) }),
    });
    return WebPage.open(context, url);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  get message(): Locator {
    return this.page.getByLabel('Message', { exact: true });
  }

  get conversations(): Locator {
    return this.page.getByRole('navigation').getByRole('link');
  }

  get answers(): Locator {
    return this.page.locator('.markdown');
  }

  get turns(): Locator {
    return this.page.locator('.turn');
  }

  async fillIn(username: string, password = PASSWORD): Promise<void> {
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password').fill(password);
  }

  async register(username: string): Promise<void> {
    await this.fillIn(username);
    await this.button('Register').click();
    await this.message.waitFor();
  }

  async logIn(username: string, password = PASSWORD): Promise<void> {
    await this.fillIn(username, password);
    await this.button('Log in').click();
    await this.message.waitFor();
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  /** Answers the dialog that a button opens, and waits until it is gone; the first such button without `within`. */
  async act(
    name: string,
    fields: Record<string, string> = {},
    within: Locator | Page = this.page,
  ): Promise<void> {
    await within.getByRole('button', { name, exact: true }).first().click();
    for (const [label, text] of Object.entries(fields)) {
      await this.dialog.getByLabel(label, { exact: true }).fill(text);
    }
    await this.dialog.getByRole('button', { name, exact: true }).click();
    await this.dialog.waitFor({ state: 'hidden' });
  }

  /** Sends a message, and waits until its answer has come to an end. */
  async ask(message: string): Promise<void> {
    const before = await this.turns.count();
    await this.message.fill(message);
    await this.message.press('Enter');
    await this.turns.nth(before).getByRole('button', { name: 'Retry' }).waitFor();
  }

  /** What the keyboard is at: its id or its name; `BODY` where that was lost. */
  focused(): Promise<string> {
    return this.page.evaluate<string>(`(({ id, ariaLabel, innerText, tagName }) =>
      tagName === 'BODY' ? tagName : id || ariaLabel || innerText.trim())(document.activeElement)`);
  }

  /** Presses Tab until the keyboard is at this. */
  async tabTo(name: string): Promise<void> {
    for (let stops = 0; stops < 60 && (await this.focused()) !== name; stops += 1) {
      await this.page.keyboard.press('Tab');
    }
    expect(await this.focused()).toBe(name);
  }

  /** Waits until the text is to be seen. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** Waits until this is what stands in the field for a message. */
  async hasTyped(text: string): Promise<void> {
    const until = Date.now() + 10_000;
    while ((await this.message.inputValue()) !== text && Date.now() < until) {
      await this.page.waitForTimeout(20);
    }
    expect(await this.message.inputValue()).toBe(text);
  }

  /** The balance in the page's head. */
  async hasBalance(tokens: string): Promise<void> {
    await this.page.getByRole('banner').getByText(`${tokens} tokens`).waitFor();
  }

  /** Fails unless the whole of the element is on the screen, without scrolling. */
  async expectInView(element: Locator): Promise<void> {
    const box = await element.boundingBox();
    const screen = this.page.viewportSize();
    if (!box || !screen) throw new Error('is not shown');
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.y + box.height).toBeLessThanOrEqual(screen.height);
    expect(box.x + box.width).toBeLessThanOrEqual(screen.width);
  }

  /** What axe-core finds serious or critical, with the first place of each: in light colours all, in dark ones of these. */
  async barriers(): Promise<string[]> {
    return [
      ...(await this.barriersIn('light', '')),
      ...(await this.barriersIn('dark', `, { runOnly: ['color-contrast'] }`)),
    ];
  }

  private async barriersIn(colorScheme: 'light' | 'dark', options: string): Promise<string[]> {
    await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    if (!(await this.page.evaluate<boolean>('"axe" in globalThis'))) {
      const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
      await this.page.evaluate(await readFile(path, 'utf8'));
    }
    const found = await this.page.evaluate<AxeResults>(`axe.run(document${options})`);
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${colorScheme}, ${id}: ${nodes[0]?.html ?? ''}`);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
