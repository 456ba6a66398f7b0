import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { PASSWORD } from './app.js';
import { PAGE_WAIT_MS } from './browser.js';
import type { Caller } from './client.js';

/** The two screen sizes that the page is made for. */
export const SCREENS = {
  wide: { width: 1280, height: 800 },
  small: { width: 390, height: 844 },
};

/** Returns the login that the page stores, so that a spec need not type it. */
const sessionOf = (url: string, { token, username }: Caller) => {
  const value = JSON.stringify({ token, username });
  return {
    cookies: [],
    origins: [{ origin: url, localStorage: [{ name: 'tallychat-session', value }] }],
  };
};

/** The browser's own message for an error status. The page shows the error, so this is not a fault of the page. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d /;

interface AxeResults {
  readonly violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

/** The page at `/` in a tab. Its elements are found by the names that people see and hear. */
export class WebPage {
  /** The browser's complaints: script errors, violations of the security policy, and requests to other hosts. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    url: string,
  ) {
    page.setDefaultTimeout(PAGE_WAIT_MS);
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

  /** Opens a tab in its own browser window, logged in as `caller` or not at all. */
  static async openInNewContext(
    browser: Browser,
    url: string,
    screen: keyof typeof SCREENS = 'wide',
    caller?: Caller,
  ): Promise<WebPage> {
    const context = await browser.newContext({
      viewport: SCREENS[screen],
      acceptDownloads: true,
      // A click waits until animations have ended.
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

  /**
   * Opens a dialog with a button, fills it in, and waits until it is closed. Without `within`, uses the first
   * button with this name.
   */
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

  /** Sends a message, and waits until its answer has ended. */
  async ask(message: string): Promise<void> {
    const before = await this.turns.count();
    await this.message.fill(message);
    await this.message.press('Enter');
    await this.turns.nth(before).getByRole('button', { name: 'Retry' }).waitFor();
  }

  /** Returns the id or the name of the focused element. Returns `BODY` if the focus was lost. */
  focused(): Promise<string> {
    return this.page.evaluate<string>(`(({ id, ariaLabel, innerText, tagName }) =>
      tagName === 'BODY' ? tagName : id || ariaLabel || innerText.trim())(document.activeElement)`);
  }

  /** Presses Tab until this element has the focus. */
  async tabTo(name: string): Promise<void> {
    for (let stops = 0; stops < 60 && (await this.focused()) !== name; stops += 1) {
      await this.page.keyboard.press('Tab');
    }
    expect(await this.focused()).toBe(name);
  }

  /** Waits until the text is visible. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** Waits until the message field contains this text. */
  async hasTyped(text: string): Promise<void> {
    const until = Date.now() + 10_000;
    while ((await this.message.inputValue()) !== text && Date.now() < until) {
      await this.page.waitForTimeout(20);
    }
    expect(await this.message.inputValue()).toBe(text);
  }

  /** Waits until the page's header shows this balance. */
  async hasBalance(tokens: string): Promise<void> {
    await this.page.getByRole('banner').getByText(`${tokens} tokens`).waitFor();
  }

  /** Fails unless the whole element is on the screen without scrolling. */
  async expectInView(element: Locator): Promise<void> {
    const box = await element.boundingBox();
    const screen = this.page.viewportSize();
    if (!box || !screen) throw new Error('is not shown');
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.y + box.height).toBeLessThanOrEqual(screen.height);
    expect(box.x + box.width).toBeLessThanOrEqual(screen.width);
  }

  /**
   * Returns the serious and critical findings of axe-core, with the first element of each. Light colours get all
   * rules, dark colours only the contrast rule.
   */
  async accessibilityFaults(): Promise<string[]> {
    const contrast = `, { runOnly: ['color-contrast'] }`;
    return [
      ...(await this.accessibilityFaultsIn('light', '')),
      ...(await this.accessibilityFaultsIn('dark', contrast)),
    ];
  }

  /** Returns the findings in light colours only. Another screen size does not change the colours. */
  async accessibilityFaultsInLight(): Promise<string[]> {
    return this.accessibilityFaultsIn('light', '');
  }

  private async accessibilityFaultsIn(
    colorScheme: 'light' | 'dark',
    options: string,
  ): Promise<string[]> {
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
