import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect } from '@jest/globals';
import type { TestApp } from '../../support/app.js';
import type { ProviderProbe } from '../../support/provider-probe.js';
import { openConversation } from '../../support/conversations.js';
import { stepsOfWalk } from '../../support/steps.js';
import { until } from '../../support/until.js';
import type { Walk } from '../../support/walk.js';
import type { WebPage } from '../../support/web-page.js';

const LONG = Array.from({ length: 120 }, (_, line) => `Line ${String(line)} of it.`).join('\n\n');
const usage = { promptTokens: 1, completionTokens: 1 };
const DONE = { type: 'done', finishReason: 'stop', usage } as const;
const said = (text: string) => ({ type: 'delta', text }) as const;

/** An answer that grows while the user reads it, listens to it, or looks at something else. */
export const reading = (walk: () => Walk): void => {
  describe('an answer that grows', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let provider: ProviderProbe;
    let tab: WebPage;

    beforeAll(async () => {
      ({ app, provider } = walk());
      await app.database.empty();
      tab = await walk().open(await app.newUser());
    });

    /** Returns the distance from the end of the conversation, in pixels. */
    const toTheEnd = () =>
      tab.page.evaluate<number>(`(({ scrollTop, scrollHeight, clientHeight }) =>
        scrollHeight - clientHeight - scrollTop)(document.querySelector('.scroller'))`);

    const top = () => tab.page.evaluate<number>(`document.querySelector('.scroller').scrollTop`);

    /** Waits until a key or the wheel has scrolled. Chromium scrolls smoothly, and would undo a later scroll. */
    const scrolledUp = async (from: number) => {
      let last = await top();
      await until(async () => {
        await setTimeout(100);
        const before = last;
        last = await top();
        return last < from && last === before;
      });
    };

    it('is followed until the reader scrolls up, and can be followed again', async () => {
      let grow: () => void = () => undefined;
      const more = new Promise<void>((resolve) => (grow = resolve));
      let isOver = false;
      provider.stream(async function* () {
        yield said(LONG);
        await more;
        yield said(LONG);
        // Slower than a fast model, but with a word for each frame.
        for (let word = 0; !isOver && word < 3000; word += 1) {
          yield said(`Word ${String(word)}.\n\n`);
          await setTimeout(15);
        }
        yield DONE;
      });
      await tab.message.fill('long');
      await tab.message.press('Enter');
      await tab.sees('Line 119 of it.');
      await until(async () => (await toTheEnd()) < 2);
      const setRoom = (height: string) =>
        tab.page.evaluate(`document.querySelector('.scroller').style.maxHeight = '${height}'`);
      await setRoom('200px');
      await until(async () => (await toTheEnd()) < 2);
      await setRoom('');
      await tab.expectInView(tab.button('Stop'));
      await tab.answers.last().hover();
      const end = await top();
      await tab.page.mouse.wheel(0, -40);
      const back = tab.button('Jump to the end');
      await back.waitFor();
      await scrolledUp(end);
      const place = async () => Math.round((await tab.answers.last().boundingBox())?.y ?? NaN);
      const read = await place();
      await setRoom('200px');
      await tab.page.evaluate(
        'new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))',
      );
      expect(await place()).toBe(read);
      await setRoom('');
      grow();
      await until(async () => (await toTheEnd()) > 1000);
      expect(await place()).toBe(read);
      await back.click();
      await back.waitFor({ state: 'detached' });
      expect(await tab.focused()).toBe('Conversation');
      const followed = await top();
      await tab.page.keyboard.press('PageUp');
      await back.waitFor();
      await scrolledUp(followed);
      const below = await toTheEnd();
      await until(async () => (await toTheEnd()) > below + 200);
      isOver = true;
      await tab.turns.last().getByRole('button', { name: 'Retry' }).waitFor();
      expect(await toTheEnd()).toBeGreaterThan(200);
      await back.press('Enter');
      await back.waitFor({ state: 'detached' });
      await until(async () => (await toTheEnd()) < 2);
      expect(await tab.focused()).toBe('Conversation');
    });

    it('is spoken in whole sentences, and only while its conversation is open', async () => {
      let continueAnswer: () => void = () => undefined;
      const on = new Promise<void>((resolve) => (continueAnswer = resolve));
      provider.stream(async function* () {
        yield said('It begins. It goes');
        await on;
        yield said(' on elsewhere. And is');
        yield said(' over.');
        yield DONE;
      });
      const spoken = () => tab.page.locator('[aria-live] p').allInnerTexts();
      await tab.message.fill('speak');
      await tab.message.press('Enter');
      await until(async () => (await spoken()).includes('It begins.'));
      await tab.page.getByRole('link', { name: 'Account' }).click();
      await tab.page.getByRole('heading', { name: 'Ledger' }).waitFor();
      continueAnswer();
      await tab.hasBalance('1,100');
      expect(await spoken()).toEqual([]);
      await tab.page.goBack();
      await tab.sees('And is over.');
      provider.delayWith(undefined);
    });

    it('does not clear a half-typed code when the price of the message changes', async () => {
      const poor = await walk().open(await app.newUser({ tokens: 3 }));
      await poor.page.getByLabel('Model', { exact: true }).selectOption('dear');
      await poor.message.fill('word '.repeat(400));
      await poor.sees('Your wallet has 3 tokens, which is too few.');
      await poor.page.getByLabel('Code').fill('half of a co');
      const quoted = poor.page.waitForResponse('**/api/chat/quote/');
      await poor.message.pressSequentially('more');
      await quoted;
      expect(await poor.page.getByLabel('Code').inputValue()).toBe('half of a co');
      expect(poor.complaints).toEqual([]);
      await poor.close();
    });

    it('shows the title of a conversation on a later page of the list, and the search finds it', async () => {
      const caller = await app.newUser();
      const id = await openConversation(caller, { title: 'The oldest of all' });
      for (const title of ['second', 'third', 'fourth']) await openConversation(caller, { title });
      const late = await walk().open(caller);
      await late.page.route(/conversations\/\?page_size=50$/, (route) =>
        route.continue({ url: route.request().url().replace('=50', '=2') }),
      );
      await late.page.goto(`${app.url}/#/c/${id}`);
      await late.page.reload();
      await late.page.getByRole('heading', { name: 'The oldest of all' }).waitFor();
      await late.button('Rename').click();
      await late.page.getByLabel('Title').fill('The first of all');
      await late.button('Save').click();
      await late.page.getByRole('heading', { name: 'The first of all' }).waitFor();
      expect(await late.conversations.count()).toBe(2);
      await late.page.getByLabel('Search').fill('FIRST OF');
      await late.page.getByRole('navigation').getByText('The first of all').waitFor();
      expect(await late.conversations.count()).toBe(1);
      expect(late.complaints).toEqual([]);
      await late.close();
    });

    it('is not shown to the next user who logs in', async () => {
      await tab.button('Log out').click();
      await tab.register('somebody-else');
      await tab.sees('What would you like to know?');
      expect(await tab.turns.count()).toBe(0);
      expect(await tab.page.getByRole('alert').count()).toBe(0);
    });

    it('has caused no errors in the browser', async () => {
      expect(tab.complaints).toEqual([]);
      await tab.close();
    });
  });
};
