import { afterAll, beforeAll, expect } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { TestApp } from '../support/app.js';
import { PAGE_WAIT_MS, inBrowser, openBrowser } from '../support/browser.js';
import type { Caller } from '../support/client.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { stepsOfWalk } from '../support/steps.js';
import { until } from '../support/until.js';

const echoed = (text: string) => `This is a dummy AI response to your message: '${text}'`;

/** Returns the page with React and the hook in one file, as a bundler makes it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['test/pages/use-chat-page.jsx'],
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text ?? '';
}

inBrowser("React's useChat() in a browser", () => {
  const it = stepsOfWalk();
  let app: TestApp;
  let provider: ProviderProbe;
  let browser: Browser;
  let page: Page;
  let ada: Caller;
  const complaints: string[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    provider = new ProviderProbe(app.nest);
    ada = await app.newUser();
    browser = await openBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(PAGE_WAIT_MS);
    page.on('pageerror', ({ message }) => complaints.push(message));
    const script = await bundle();
    await page.route('**/a-page-of-its-own', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><meta charset="utf-8"><body><script type="module">localStorage.setItem('token', '${ada.token}');${script}</script>`,
      }),
    );
    await page.goto(`${app.url}/a-page-of-its-own`);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  const lines = () => page.getByRole('listitem').allInnerTexts();
  const send = async (text: string) => {
    await page.getByLabel('Text').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  };
  const isReady = () => page.getByRole('status').getByText('ready', { exact: true }).waitFor();

  it('holds a conversation, stops an answer, goes on, and shows all of it after a reload', async () => {
    await isReady();
    await send('one');
    await page.getByText(echoed('one')).waitFor();
    await isReady();
    provider.answer([{ type: 'delta', text: 'only the beginning' }]);
    await send('two');
    await page.getByText('only the beginning').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await isReady();
    await until(async () => (await ada.history()).length === 2);
    provider.delayWith(undefined);
    await send('three');
    await page.getByText(echoed('three')).waitFor();
    await isReady();
    const all = [
      'user: one',
      `assistant: ${echoed('one')}`,
      'user: two',
      'assistant: only the beginning',
      'user: three',
      `assistant: ${echoed('three')}`,
    ];
    expect(await lines()).toEqual(all);
    expect(provider.lastRequest?.messages).toHaveLength(5);
    await page.reload();
    await page.getByText(echoed('three')).waitFor();
    expect(await lines()).toEqual(all);
    expect(await app.database.count('conversations')).toBe(1);
    expect(await ada.balance()).toBe(3700);
    expect(complaints).toEqual([]);
  });

  const askAgain = () => page.getByRole('button', { name: 'Again' }).click();

  it('regenerates an answer, also one that it stops before its first word', async () => {
    await askAgain();
    await until(async () => (await ada.history()).length === 4);
    await isReady();
    provider.answer([]);
    await send('four');
    await until(() => Promise.resolve(provider.lastRequest?.messages.at(-1)?.content === 'four'));
    provider.delayWith(undefined);
    await askAgain();
    await page.getByText(echoed('four')).waitFor();
    await isReady();
    expect((await lines()).slice(-4)).toEqual([
      'user: three',
      `assistant: ${echoed('three')}`,
      'user: four',
      `assistant: ${echoed('four')}`,
    ]);
    // Three answers, the third one again, the stopped one, and its new answer.
    expect([(await ada.history()).length, await ada.balance()]).toEqual([6, 3400]);
    expect(await app.database.count('conversations')).toBe(1);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('has nothing to resume after a reload, and continues', async () => {
    await page.evaluate(`location.hash = '#resume'`);
    const resumed = page.waitForResponse(/\/api\/chat\/page-chat\/stream$/);
    await page.reload();
    expect((await resumed).status()).toBe(204);
    await isReady();
    await send('five');
    await page.getByText(echoed('five')).waitFor();
    await isReady();
    expect(await ada.balance()).toBe(3300);
  });

  it('shows the message of the contract for an empty wallet, and charges nothing', async () => {
    await ada.send('PUT', '/api/wallet/limits/', { daily: 0 });
    await send('six');
    await page.getByRole('status').getByText('Insufficient tokens').waitFor();
    expect(await ada.balance()).toBe(3300);
    expect(await app.database.count('turns')).toBe(7);
  });
});
