import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { TestApp } from '../support/app.js';
import { inBrowser, openBrowser } from '../support/browser.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { SCREENS, WebPage } from '../support/web-page.js';

const ANSWER =
  'A **list**:\n\n- one\n- two\n\n> quoted\n\n```js\nconst held = 1;\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n[a link](https://example.org)';

inBrowser('the page for those who see little, or use the keyboard alone', () => {
  let app: TestApp;
  let browser: Browser;
  let tab: WebPage;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { OPENING_GRANT: '150' });
    browser = await openBrowser();
    tab = await WebPage.openAlone(browser, app.url);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** What axe-core finds on the view as it is, at both sizes and in both themes. */
  async function barriers(): Promise<string[]> {
    const found: string[] = [];
    for (const [screen, viewport] of Object.entries(SCREENS)) {
      await tab.page.setViewportSize(viewport);
      found.push(...(await tab.barriers()).map((barrier) => `${screen}, ${barrier}`));
    }
    return found;
  }

  it('has no barrier at the login, with and without an error', async () => {
    await tab.button('Log in').waitFor();
    expect(await barriers()).toEqual([]);
    await tab.fillIn('ada', 'password');
    await tab.button('Register').click();
    await tab.sees('This password is too common.');
    expect(await barriers()).toEqual([]);
  });

  it('has no barrier in a conversation, a dialog, and before an empty wallet', async () => {
    await tab.register('ada');
    await tab.sees('What would you like to know?');
    expect(await barriers()).toEqual([]);
    const usage = { promptTokens: 1, completionTokens: 1 };
    new ProviderProbe(app.nest).answer([
      { type: 'delta', text: ANSWER },
      { type: 'done', finishReason: 'stop', usage },
    ]);
    await tab.ask('show me all');
    await tab.message.fill('more than there is');
    await tab.sees('Your wallet has 50 tokens: too few for this.');
    expect(await tab.answers.locator('table').count()).toBe(1);
    expect(await barriers()).toEqual([]);
    await tab.button('Delete').click();
    expect(await barriers()).toEqual([]);
    await tab.page.keyboard.press('Escape');
    expect(await tab.button('Delete conversation').isVisible()).toBe(false);
    expect(await app.database.count('conversations')).toBe(1);
  });

  it('has no barrier on the account page, with its bars and tables', async () => {
    await tab.page.getByRole('link', { name: 'Account' }).click();
    await tab.page.locator('progress').first().waitFor();
    await tab.page.getByRole('cell', { name: '−100' }).waitFor();
    expect(await barriers()).toEqual([]);
  });

  it('moves nothing for those who want less motion', async () => {
    const moving = await tab.page.evaluate<number>('document.getAnimations().length');
    expect(moving).toBe(0);
  });

  it('is used by the keyboard alone, from the login to the answer', async () => {
    const alone = await WebPage.openAlone(browser, app.url, 'wide');
    const { keyboard } = alone.page;
    await alone.button('Log in').waitFor();
    for (const typed of ['grace', 'Str0ng-pass-1']) {
      await keyboard.press('Tab');
      await keyboard.type(typed);
    }
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await alone.message.waitFor();
    await keyboard.type('hello');
    await keyboard.press('Enter');
    await alone.answers.first().waitFor();
    await keyboard.type('and on');
    expect(await alone.message.inputValue()).toBe('and on');
    expect(alone.complaints).toEqual([]);
  });

  it('shows its first view with less than a second of work', async () => {
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const fresh = await browser.newPage();
      const session = await fresh.context().newCDPSession(fresh);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      await fresh.goto(app.url);
      await fresh.getByRole('button', { name: 'Log in' }).waitFor();
      const { metrics } = await session.send('Performance.getMetrics');
      times.push(metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Infinity);
      await fresh.close();
    }
    // Seconds of work: how long they take on a busy machine says nothing of the page.
    expect(Math.min(...times)).toBeLessThan(1);
  });
});
