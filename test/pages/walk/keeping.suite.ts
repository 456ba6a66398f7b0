import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect } from '@jest/globals';
import type { Route } from 'playwright-core';
import type { TestApp } from '../../support/app.js';
import { createCodes } from '../../support/discrepancies.js';
import type { ProviderProbe } from '../../support/provider-probe.js';
import { sendMessage } from '../../support/conversations.js';
import { stepsOfWalk } from '../../support/steps.js';
import { until } from '../../support/until.js';
import type { Walk } from '../../support/walk.js';
import type { WebPage } from '../../support/web-page.js';

const MARKDOWN = 'Take **two** steps.';
const usage = { promptTokens: 1, completionTokens: 1 };

/** What a returning user finds: conversations, money and drafts. */
export const keeping = (walk: () => Walk): void => {
  describe('the page over time', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let provider: ProviderProbe;
    let tab: WebPage;

    beforeAll(async () => {
      ({ app, provider } = walk());
      await app.database.empty();
      const caller = await app.newUser({ username: 'newcomer', tokens: 700 });
      const first = await caller.chat('third');
      provider.answer([
        { type: 'delta', text: MARKDOWN },
        { type: 'done', finishReason: 'stop', usage },
      ]);
      await sendMessage(caller, String(first.headers['conversation-id']), 'how?');
      provider.delayWith(undefined);
      tab = await walk().open(caller);
    });

    it('starts another conversation, finds the first one by its text, and opens it', async () => {
      await tab.button('New conversation').click();
      await tab.sees('What would you like to know?');
      await tab.ask('a question of its own');
      expect(provider.lastRequest?.messages).toHaveLength(1);
      await tab.conversations.nth(1).waitFor();
      expect(await tab.conversations.count()).toBe(2);
      await tab.page.getByLabel('Search').fill('third');
      await tab.page.getByRole('navigation').getByText('third', { exact: true }).click();
      await tab.sees('how?');
      await tab.page.getByLabel('Search').fill('');
    });

    it('renames, exports and deletes a conversation', async () => {
      await tab.button('Rename').click();
      await tab.page.getByLabel('Title').fill('All about steps');
      await tab.button('Save').click();
      await tab.page.getByRole('heading', { name: 'All about steps' }).waitFor();
      await tab.page.getByRole('navigation').getByText('All about steps').waitFor();
      await tab.button('Export').click();
      const saving = tab.page.waitForEvent('download');
      await tab.button('Download').click();
      const download = await saving;
      expect(download.suggestedFilename()).toBe('conversation.md');
      expect(await readFile(await download.path(), 'utf8')).toContain('Take **two** steps.');
      await tab.button('Delete').click();
      await tab.button('Cancel').click();
      const focused = tab.page.locator('button:focus');
      await focused.getByText('Delete', { exact: true }).waitFor();
      expect(await app.database.count('conversations')).toBe(2);
      await tab.button('Delete').click();
      await tab.button('Delete conversation').click();
      await tab.sees('What would you like to know?');
      expect(await app.database.count('conversations')).toBe(1);
      expect(await tab.conversations.allInnerTexts()).toEqual(['a question of its own']);
    });

    it('explains an empty wallet, redeems a code, and continues', async () => {
      const alert = tab.page.getByRole('alert');
      expect(await alert.count()).toBe(0);
      for (let rest = 4; rest > 0; rest -= 1) await tab.ask('spend');
      await tab.hasBalance('0');
      await alert.getByText('Redeem a code').waitFor();
      await tab.expectInView(tab.button('Redeem'));
      await tab.message.fill('one too many');
      await tab.button('Send').click();
      await tab.sees('Your wallet is empty.');
      await tab.hasTyped('one too many');
      await tab.page.getByLabel('Code').fill('no such code');
      await tab.button('Redeem').click();
      await tab.page.locator('#code-problem').filter({ hasText: /./ }).waitFor();
      expect(await tab.page.getByLabel('Code').inputValue()).toBe('no such code');
      const [code = ''] = await createCodes(app.database, 1, 400);
      await tab.page.getByLabel('Code').fill(code);
      await tab.button('Redeem').click();
      await tab.hasBalance('400');
      expect(await tab.button('Redeem').isVisible()).toBe(false);
      await tab.message.press('Enter');
      await tab.hasBalance('300');
    });

    it('shows the account: ledger, usage and daily limit', async () => {
      await tab.page.getByRole('link', { name: 'Account' }).click();
      const ledger = tab.page.getByRole('region', { name: 'Ledger' }).first();
      await ledger.getByText('−100').first().waitFor();
      expect(await ledger.getByText('+700').count()).toBe(1);
      const [today = ''] = await ledger.locator('tbody td').allInnerTexts();
      expect(Math.abs(Date.parse(today) - Date.now())).toBeLessThan(600_000);
      await tab.page.locator('progress').first().waitFor();
      await tab.page.getByLabel('By model').check();
      const echo = tab.page.getByRole('cell', { name: 'echo', exact: true });
      await echo.waitFor();
      await tab.page.getByLabel('By key').check();
      await tab.page.getByRole('cell', { name: 'Session', exact: true }).waitFor();
      expect(await echo.count()).toBe(0);
      await tab.act('Change the daily limit', { 'Tokens per day': '1' });
      await tab.sees('of 1 token');
      await tab.page.goBack();
      await tab.message.fill('over the limit');
      await tab.message.press('Enter');
      await tab.sees('Your daily limit is reached.');
      await tab.hasTyped('over the limit');
      await tab.hasBalance('300');
      await tab.page.getByRole('link', { name: 'change it in your account' }).click();
      await tab.act('Change the daily limit', { 'Tokens per day': '' });
      await tab.page.getByText('of 1 token').waitFor({ state: 'detached' });
    });

    it('keeps a message that was sent but not accepted, over a reload, a stop and refusals', async () => {
      const turns = await app.database.count('turns');
      const chatRoute = '**/api/chat/';
      const meet = (answer: (route: Route) => unknown) =>
        tab.page.route(chatRoute, (route) =>
          route.request().method() === 'POST' ? answer(route) : route.continue(),
        );
      await meet(() => undefined);
      await tab.button('New conversation').click();
      await tab.message.fill('on its way');
      await tab.message.press('Enter');
      await tab.button('Stop').waitFor();
      await tab.message.fill('typed since');
      await tab.page.reload();
      await tab.hasTyped('on its way\n\ntyped since');
      await tab.button('Send').click();
      await tab.button('Stop').click();
      await tab.hasTyped('on its way\n\ntyped since');
      for (const status of [429, 503]) {
        await tab.page.unroute(chatRoute);
        const body = JSON.stringify({ detail: `Refused with ${String(status)}.`, code: 'x' });
        await meet((route) => route.fulfill({ status, contentType: 'application/json', body }));
        await tab.message.press('Enter');
        await tab.page
          .getByRole('alert')
          .getByText(`Refused with ${String(status)}.`)
          .waitFor();
        await tab.hasTyped('on its way\n\ntyped since');
      }
      await tab.page.unroute(chatRoute);
      tab.complaints.splice(0, tab.complaints.length);
      expect(await app.database.count('turns')).toBe(turns);
    });

    it('shows at the start that the server is unreachable, and loads the missing parts later', async () => {
      await tab.conversations.first().click();
      await tab.turns.first().waitFor();
      const api = /\/(api|v1)\//;
      await tab.page.route(api, (route) => route.abort());
      await tab.page.reload();
      const again = tab.button('Try again');
      await again.nth(1).waitFor();
      expect(await tab.page.getByRole('alert').allInnerTexts()).toContain(
        'The server cannot be reached. Check the connection and try again.',
      );
      await tab.page.unroute(api);
      await again.nth(1).click();
      await tab.turns.first().waitFor();
      await again.click();
      await tab.conversations.first().waitFor();
      await tab.hasBalance('300');
      expect(await tab.page.getByLabel('Model', { exact: true }).inputValue()).toBe('echo');
      expect(await again.count()).toBe(0);
      expect(await tab.page.getByRole('alert').count()).toBe(0);
      tab.complaints.splice(0, tab.complaints.length);
    });

    it('shows the answer that a reload interrupted, also if it is saved after the reload', async () => {
      provider.answer([{ type: 'delta', text: 'Half of it.' }]);
      await tab.button('New conversation').click();
      await tab.message.fill('interrupted');
      await tab.message.press('Enter');
      await tab.sees('Half of it.');
      // The first looks come before the answer is saved, and the window gets the focus meanwhile.
      const json = { results: [], next: null, previous: null };
      const held: Route[] = [];
      let answered = 0;
      let isHolding = true;
      const answerAll = async () => {
        for (const look of held.splice(0)) {
          await look.fulfill({ json });
          answered += 1;
        }
      };
      const messages = /messages\/\?page_size/;
      await tab.page.route(messages, async (route) => {
        held.push(route);
        if (!isHolding) await answerAll();
      });
      await tab.page.reload();
      for (const looks of [0, 1, 2, 3]) {
        await until(() => held.length > looks);
        await tab.page.evaluate(`dispatchEvent(new Event('focus'))`);
      }
      isHolding = false;
      await answerAll();
      // By then the looks of the reload and of the focus have all come. The other ones are those of the loop.
      await until(() => answered > 6);
      isHolding = true;
      await until(() => held.length > 0);
      // However often the page looked, it looks again only once at a time.
      await tab.page.waitForTimeout(500);
      expect(held).toHaveLength(1);
      await held[0]?.continue();
      await tab.page.unroute(messages);
      await tab.sees('Stopped · echo · 100 tokens');
      expect(await tab.page.locator('.question').allInnerTexts()).toEqual(['interrupted']);
      expect(await tab.answers.allInnerTexts()).toEqual(['Half of it.']);
      expect(
        await tab.page.evaluate(
          `Object.keys(sessionStorage).filter((key) => key.endsWith(':answer'))`,
        ),
      ).toEqual([]);
      provider.delayWith(undefined);
    });

    it('loses no message and no answer if the storage of the tab is full', async () => {
      await tab.page.evaluate(`Storage.prototype.setItem = () => { throw new Error('full'); }`);
      await tab.ask('and then?');
      expect(await tab.page.locator('.question').allInnerTexts()).toEqual([
        'interrupted',
        'and then?',
      ]);
      await tab.hasBalance('100');
      expect(await tab.page.getByRole('alert').count()).toBe(0);
    });

    it('has caused no errors in the browser, and the books balance', async () => {
      expect(tab.complaints).toEqual([]);
      expect(await app.database.unbalancedWallets()).toEqual([]);
      await tab.close();
    });
  });
};
