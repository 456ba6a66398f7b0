import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { TestApp } from '../support/app.js';
import { inBrowser, openBrowser } from '../support/browser.js';
import { ProviderProbe } from '../support/provider-probe.js';

describe('GET /', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('serves a page under a policy that lets nothing inline run', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/page.js', 'text/javascript'],
      ['/page.css', 'text/css'],
    ] as const) {
      const { status, headers, raw } = await app.send({ path, headers: { Accept: type } });
      expect([path, status]).toEqual([path, 200]);
      expect(headers['content-type']).toContain(type);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(raw).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|<script>|\son\w+=/);
    }
  });
});

inBrowser('the page in Chromium', () => {
  let app: TestApp;
  let provider: ProviderProbe;
  let browser: Browser;
  let page: Page;
  const violations: string[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    provider = new ProviderProbe(app.nest);
    browser = await openBrowser();
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) violations.push(message.text());
    });
    page.on('pageerror', (error) => violations.push(error.message));
    await page.goto(app.url);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  const say = async (message: string) => {
    await page.fill('textarea[name=message]', message);
    await page.click('#send');
  };
  const until = async (text: string, selector: string) => {
    await page.locator(selector).filter({ hasText: text }).first().waitFor();
  };

  it('registers a newcomer and shows 4,000 tokens', async () => {
    await page.fill('input[name=username]', 'newcomer');
    await page.fill('input[name=password]', 'password');
    await page.click('button[value=register]');
    await until('This password is too common.', '#problem');
    await page.fill('input[name=password]', 'Str0ng-pass-1');
    await page.click('button[value=register]');
    await until('4,000', '#balance');
    expect(await page.locator('#problem').isHidden()).toBe(true);
  });

  it('streams an answer, as text, and the balance and the ledger follow', async () => {
    await say('<img src=x onerror="document.title=1"> & more');
    await until('100 tokens', '.cost');
    expect(await page.locator('.answer').last().textContent()).toBe(
      `This is a dummy AI response to your message: '<img src=x onerror="document.title=1"> & more'`,
    );
    expect(await page.locator('.answer img').count()).toBe(0);
    await until('3,900', '#balance');
    await page.click('#ledger summary');
    expect(await page.locator('#entries tr').count()).toBe(2);
    expect(await page.locator('#entries tr').first().textContent()).toContain('-100');
  });

  it('stops an answer: nothing more is asked, and nothing is charged before the first word', async () => {
    provider.use(() => new Promise(() => undefined));
    await say('a long one');
    await page.locator('#stop:not([disabled])').click();
    await until('stopped', '.cost');
    provider.use(undefined);
    const stopped = () => app.database.count('turns', `status = 'aborted' AND amount = 0`);
    while ((await stopped()) === 0) await page.waitForTimeout(20);
    expect(await stopped()).toBe(1);
    await until('3,900', '#balance');
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('says so when the wallet is empty', async () => {
    const key = `sessionStorage.getItem('tallychat-access-token')`;
    const accessToken = String(await page.evaluate(key));
    for (let n = 0; n < 39; n += 1) {
      const headers = { Authorization: `Token ${accessToken}` };
      expect((await app.post('/api/chat/', { message: 'spend' }, headers)).status).toBe(200);
    }
    await say('one too many');
    await until('Insufficient tokens', '#problem');
    await until('0', '#balance');
  });

  it('logs out and in again', async () => {
    await page.click('#logout');
    await page.locator('#credentials').waitFor();
    await page.fill('input[name=username]', 'newcomer');
    await page.fill('input[name=password]', 'wrong password');
    await page.click('button[value=login]');
    await until('Unable to log in', '#problem');
    await page.fill('input[name=password]', 'Str0ng-pass-1');
    await page.click('button[value=login]');
    await page.locator('#chat').waitFor();
    expect(violations).toEqual([]);
  });
});
