import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { PASSWORD, TestApp } from '../support/app.js';
import { inBrowser, openBrowser } from '../support/browser.js';
import type { Caller } from '../support/client.js';
import { HOSTILE_TEXTS } from '../support/hostile-texts.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { openConversation, sendMessage } from '../support/conversations.js';
import { WebPage } from '../support/web-page.js';

const usage = { promptTokens: 1, completionTokens: 1 };

/** Elements that no text of a user or a model may create anywhere on the page. */
const STRANGE = `:is(.markdown, .question, nav, h2, table, [role="status"], [role="alert"])
  :is(script, style, link, meta, base, img, svg:not(.icon), math, iframe, object, embed, video, audio,
  form:not(.inline), input:not(#code, [type="search"]), [id]:not([id^="code"]), [name]:not(#code), [srcdoc], [style])`;
const HANDLERS = `[...document.querySelectorAll('*')].flatMap((element) =>
  element.getAttributeNames().filter((name) => name.startsWith('on')))`;
const LINKS = `[...document.querySelectorAll('.markdown a')].map((link) => link.href)`;

/** Enters each text into a field, submits its form with a button, and waits until the answer is shown. */
const submitEach = (id: string, button: string) => `(async () => {
  const field = document.getElementById('${id}');
  const pressed = field.form.querySelector('button[value="${button}"]');
  const ask = globalThis.fetch;
  const answers = [];
  globalThis.fetch = (path, question) => {
    const answer = ask(path, question);
    if (question.method === 'POST') answers.push(answer);
    return answer;
  };
  for (const [place, text] of ${JSON.stringify(HOSTILE_TEXTS)}.entries()) {
    field.value = text;
    pressed.click();
    if ((await answers[place])?.status !== 400) throw new Error(text);
    while (pressed.ariaDisabled === 'true') await new Promise((soon) => setTimeout(soon, 1));
  }
  globalThis.fetch = ask;
})()`;

inBrowser('fifty texts that would run a script', () => {
  let app: TestApp;
  let provider: ProviderProbe;
  let caller: Caller;
  let browser: Browser;
  let tab: WebPage;
  let conversation: string;

  beforeAll(async () => {
    app = await TestApp.start();
    provider = new ProviderProbe(app.nest);
    caller = await app.newUser({ username: 'mallory', tokens: 100_000 });
    conversation = await openConversation(caller, { title: 'all' });
    for (const text of HOSTILE_TEXTS) {
      provider.answer([
        { type: 'delta', text },
        { type: 'done', finishReason: 'stop', usage },
      ]);
      expect((await sendMessage(caller, conversation, text)).status).toBe(200);
    }
    browser = await openBrowser();
    tab = await WebPage.openInNewContext(browser, app.url, 'wide', caller);
    await tab.message.waitFor();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** Fails if a script ran, if another host was requested, or if a text became a forbidden element. */
  async function expectHarmless(): Promise<void> {
    expect(await tab.page.locator(STRANGE).count()).toBe(0);
    expect(await tab.page.evaluate(HANDLERS)).toEqual([]);
    expect(await tab.page.evaluate('typeof globalThis.pwned')).toBe('undefined');
    expect(tab.complaints).toEqual([]);
    expect(new URL(tab.page.url()).origin).toBe(app.url);
  }

  it('are at least fifty', () => {
    expect(new Set(HOSTILE_TEXTS).size).toBeGreaterThanOrEqual(50);
  });

  it('are harmless as questions and as answers that are read back', async () => {
    await tab.page.goto(`${app.url}/#/c/${conversation}`);
    for (const shown of [30, HOSTILE_TEXTS.length]) {
      await tab.turns.nth(shown - 1).waitFor();
      if (shown < HOSTILE_TEXTS.length) await tab.button('Show earlier').click();
    }
    expect(await tab.page.locator('.question').allInnerTexts()).toContain(HOSTILE_TEXTS[0]);
    expect(await tab.answers.first().innerText()).toBe(HOSTILE_TEXTS[0]);
    await expectHarmless();
    const links = await tab.page.evaluate<string[]>(LINKS);
    expect(links.filter((link) => link !== '' && !/^https?:\/\//.test(link))).toEqual([]);
    expect(links).toContain('https://example.org/leak.png');
  });

  it('are harmless as an answer in small chunks', async () => {
    const pieces = HOSTILE_TEXTS.join('\n\n').match(/[^]{1,7}/gu) ?? [];
    provider.answer([
      ...pieces.map((text) => ({ type: 'delta', text }) as const),
      { type: 'done', finishReason: 'stop', usage },
    ]);
    await tab.button('New conversation').click();
    await tab.ask('all at once');
    expect(await tab.answers.last().innerText()).toContain('<svg onload=');
    await expectHarmless();
  });

  it('are harmless as titles, in the list, the heading and a dialog, and when searched for', async () => {
    for (const title of HOSTILE_TEXTS) {
      conversation = await openConversation(caller, { title: title.slice(0, 80) });
    }
    await tab.page.reload();
    await tab.conversations.nth(49).waitFor();
    await tab.button('Show more').click();
    await tab.conversations.nth(HOSTILE_TEXTS.length).waitFor();
    expect(await tab.button('Show more').count()).toBe(0);
    expect(await tab.conversations.allInnerTexts()).toContain(HOSTILE_TEXTS.at(-12)?.trim());
    await expectHarmless();
    await tab.page.goto(`${app.url}/#/c/${conversation}`);
    await tab.page.getByRole('heading', { name: 'all at once' }).waitFor({ state: 'detached' });
    await tab.button('Delete').click();
    await tab.page.getByRole('dialog').getByText('onerror').waitFor();
    await tab.button('Cancel').click();
    await tab.page.getByLabel('Search').fill('onerror=');
    await tab.page.getByRole('navigation').getByText('<audio').first().waitFor();
    await expectHarmless();
    await tab.page.getByLabel('Search').fill('');
  });

  it('are harmless as codes and as names', async () => {
    await tab.page.getByRole('link', { name: 'Account' }).click();
    await tab.page.getByLabel('Code').waitFor();
    await tab.page.evaluate(submitEach('code', 'Redeem'));
    await tab.page.locator('#code-problem').filter({ hasText: /./ }).waitFor();
    await expectHarmless();
    await tab.button('Log out').click();
    await tab.fillIn('', PASSWORD);
    await tab.page.evaluate(submitEach('username', 'Register'));
    await tab.sees('Enter a valid username.');
    await expectHarmless();
    expect(await app.database.count('users')).toBe(1);
  });
});
