import { beforeAll, describe, expect } from '@jest/globals';
import type { TestApp } from '../../support/app.js';
import type { Caller } from '../../support/client.js';
import type { ProviderProbe } from '../../support/provider-probe.js';
import { openConversation, sendMessage } from '../../support/conversations.js';
import { stepsOfWalk } from '../../support/steps.js';
import { until } from '../../support/until.js';
import type { Walk } from '../../support/walk.js';
import { SCREENS, WebPage } from '../../support/web-page.js';

/** An answer that is stopped in one of two tabs. */
export const stop = (walk: () => Walk): void => {
  describe('a stop', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let provider: ProviderProbe;
    let caller: Caller;
    let tab: WebPage;

    beforeAll(async () => {
      ({ app, provider } = walk());
      await app.database.empty();
      caller = await app.newUser();
      tab = await walk().open(caller);
    });

    /** Starts an answer that sends one piece and then hangs. */
    const askForHalf = async (message: string) => {
      provider.answer([{ type: 'delta', text: `Half of ${message}.` }]);
      await tab.message.fill(message);
      await tab.button('Send').click();
      await tab.sees(`Half of ${message}.`);
    };

    it('keeps the partial answer in view, now and after a reload', async () => {
      await askForHalf('one');
      await tab.button('Stop').press('Enter');
      await tab.sees('Stopped · echo · 100 tokens');
      await tab.button('Stop').waitFor({ state: 'detached' });
      expect(await tab.answers.last().innerText()).toBe('Half of one.');
      expect(await tab.focused()).toBe('message');
      provider.delayWith(undefined);
      await tab.ask('go on');
      expect(await tab.page.getByRole('alert').count()).toBe(0);
      expect(provider.lastRequest?.messages.map(({ content }) => content)).toContain(
        'Half of one.',
      );
      await tab.page.reload();
      await tab.sees('Half of one.');
      await tab.hasBalance('1,100');
    });

    it('delays a message while an answer runs in another tab, without an error', async () => {
      await askForHalf('two');
      const other = await WebPage.open(tab.page.context(), app.url);
      await other.page.goto(tab.page.url());
      await other.sees('go on');
      const refused = other.page.waitForResponse((answer) => answer.status() === 409);
      await other.message.fill('next');
      await other.message.press('Enter');
      await refused;
      expect(await other.page.getByRole('alert').count()).toBe(0);
      provider.delayWith(undefined);
      await tab.button('Stop').click();
      await other.turns.filter({ hasText: "'next'" }).waitFor();
      expect(await other.page.getByRole('alert').count()).toBe(0);
      // The page shows the last word before the answer is saved.
      await until(async () => (await app.database.count('turns')) === 4);
      expect(await app.database.unbalancedWallets()).toEqual([]);
      // The tab in the background shows the other tab's turn, balance and title when it gets the focus.
      await tab.page.evaluate(`dispatchEvent(new Event('focus'))`);
      await tab.turns.filter({ hasText: "'next'" }).waitFor();
      await tab.hasBalance('900');
      await other.button('Rename').click();
      await other.page.getByLabel('Title').fill('renamed there');
      await other.button('Save').click();
      await other.dialog.waitFor({ state: 'detached' });
      // A focus is not heeded while the tab still reads what the one before asked for.
      await until(async () => {
        await tab.page.evaluate(`dispatchEvent(new Event('focus'))`);
        return (await tab.conversations.filter({ hasText: 'renamed there' }).count()) > 0;
      });
      expect([...tab.complaints, ...other.complaints]).toEqual([]);
      await other.page.close();
    });

    it('is printed whole, without what is used on the screen', async () => {
      const { page } = tab;
      const of = (size: string) =>
        page.evaluate<number>(`document.querySelector('.scroller').${size}`);
      const wide = page.viewportSize() ?? SCREENS.wide;
      await page.setViewportSize({ ...wide, height: 300 });
      expect(await of('clientHeight')).toBeLessThan(await of('scrollHeight'));
      await page.emulateMedia({ media: 'print' });
      // Each of the two heights is rounded by itself.
      const hidden = (await of('scrollHeight')) - (await of('clientHeight'));
      expect(Math.abs(hidden)).toBeLessThanOrEqual(1);
      expect(await tab.message.isVisible()).toBe(false);
      expect(await page.getByRole('navigation').isVisible()).toBe(false);
      expect(await page.getByRole('button').count()).toBe(0);
      await page.emulateMedia({ media: 'screen' });
      await page.setViewportSize(wide);
      await tab.message.waitFor();
    });

    it('keeps the loaded pages of the list when it is loaded again, or changed', async () => {
      const [open = ''] = await tab.conversations.allInnerTexts();
      const lists = (...titles: string[]) =>
        until(async () => String(await tab.conversations.allInnerTexts()) === String(titles));
      // Pages of two conversations, so that four conversations are more than one page.
      await tab.page.route(/conversations\/\?page_size=50$/, (route) =>
        route.continue({ url: route.request().url().replace('=50', '=2') }),
      );
      for (const title of ['a', 'b', 'c', 'd']) await openConversation(caller, { title });
      await tab.page.reload();
      await lists('d', 'c');
      await tab.button('Show more').click();
      await lists('d', 'c', 'b', 'a');
      await openConversation(caller, { title: 'e' });
      await tab.page.evaluate(`dispatchEvent(new Event('focus'))`);
      await lists('e', 'd', 'c', 'b', 'a');
      await tab.button('Show more').click();
      await lists('e', 'd', 'c', 'b', 'a', open);
      await tab.conversations.filter({ hasText: /^a$/ }).click();
      await tab.page.getByRole('heading', { name: 'a', exact: true }).waitFor();
      await tab.button('Rename').click();
      await tab.page.getByLabel('Title').fill('z');
      await tab.button('Save').click();
      await lists('e', 'd', 'c', 'b', 'z', open);
      await tab.button('Delete').click();
      await tab.button('Delete conversation').click();
      await lists('e', 'd', 'c', 'b', open);
      await tab.conversations.filter({ hasText: open }).click();
      await tab.sees('go on');
    });

    it('shows only the newest turns if other tabs added more than a page, and loads the rest on demand', async () => {
      // Pages of two turns, so that four turns are more than one page.
      const newest = /messages\/\?page_size=30$/;
      await tab.page.route(newest, (route) =>
        route.continue({ url: route.request().url().replace('=30', '=2') }),
      );
      const id = tab.page.url().split('/').at(-1) ?? '';
      for (const word of ['fifth', 'sixth', 'seventh']) await sendMessage(caller, id, word);
      await tab.message.fill('typed meanwhile');
      await tab.page.evaluate(`dispatchEvent(new Event('focus'))`);
      await tab.turns.filter({ hasText: "'seventh'" }).waitFor();
      const questions = () => tab.page.locator('.question').allInnerTexts();
      expect(await questions()).toEqual(['sixth', 'seventh']);
      await tab.ask('eighth');
      for (let pages = 0; (await tab.turns.count()) < 8; pages += 1) {
        const before = await tab.turns.count();
        expect(pages).toBeLessThan(4);
        await tab.button('Show earlier').click();
        await tab.turns.nth(before).waitFor();
      }
      expect(await questions()).toEqual([
        ...['one', 'go on', 'two', 'next'],
        ...['fifth', 'sixth', 'seventh', 'eighth'],
      ]);
      await tab.button('Show earlier').waitFor({ state: 'detached' });
      expect(tab.complaints).toEqual([]);
      await tab.close();
    });
  });
};
