import { beforeAll, describe, expect } from '@jest/globals';
import type { Route } from 'playwright-core';
import type { TestApp } from '../../support/app.js';
import { stepsOfWalk } from '../../support/steps.js';
import { until } from '../../support/until.js';
import type { Walk } from '../../support/walk.js';
import { WebPage } from '../../support/web-page.js';

/** Sessions that end in this tab, in another one, or on the server. */
export const logins = (walk: () => Walk): void => {
  describe('a login', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let tab: WebPage;

    beforeAll(async () => {
      ({ app } = walk());
      await app.database.empty();
      const caller = await app.newUser({ username: 'newcomer' });
      await caller.chat('hello');
      tab = await walk().open(caller);
    });

    it('shares the login and the logout between all tabs', async () => {
      const other = await WebPage.open(tab.page.context(), app.url);
      await other.message.waitFor();
      expect(await other.page.getByLabel('Password').isVisible()).toBe(false);
      await tab.button('Log out').click();
      for (const each of [tab, other]) {
        await each.button('Log in').waitFor();
        expect(await each.message.isVisible()).toBe(false);
        expect(await each.page.getByRole('navigation').isVisible()).toBe(false);
      }
      await until(async () => (await app.database.count('access_tokens')) === 0);
      await other.logIn('newcomer');
      await tab.message.waitFor();
      expect(await tab.message.inputValue()).toBe('');
      expect(other.complaints).toEqual([]);
      await other.page.close();
    });

    it('logs out at once, says if the server did not, and keeps a login that is newer than the answer', async () => {
      const logout = '**/api/logout/';
      const notEnded = tab.page.getByText('You are logged out here, but not on the server.');
      await tab.page.route(logout, (route) => route.abort());
      await tab.button('Log out').click();
      await notEnded.waitFor();
      await tab.logIn('newcomer');
      await tab.page.unroute(logout);
      const asked = new Promise<Route>((resolve) => {
        void tab.page.route(logout, resolve);
      });
      await tab.message.fill('not for the next user');
      await tab.button('Log out').click();
      const route = await asked;
      const answer = await route.fetch();
      await tab.logIn('newcomer');
      await tab.hasTyped('');
      await tab.message.fill('typed since');
      await route.fulfill({ response: answer });
      await tab.page.unroute(logout);
      // When this answer has arrived, the page has seen the earlier one.
      await tab.page.evaluate(`fetch('health/live')`);
      await tab.page.reload();
      await tab.hasTyped('typed since');
      await tab.hasBalance('1,200');
      tab.complaints.splice(0, tab.complaints.length);
    });

    it('keeps the draft of each conversation, also when a session ends', async () => {
      await tab.message.fill('typed in the new one');
      await tab.conversations.first().click();
      await tab.turns.first().waitFor();
      await tab.hasTyped('');
      await tab.message.fill('typed for an hour');
      await tab.page.getByRole('link', { name: 'Account' }).click();
      // Without this, the browser may go back before it has opened the account, and opens it afterwards.
      await tab.message.waitFor({ state: 'detached' });
      await tab.page.goBack();
      await tab.hasTyped('typed for an hour');
      await app.database.rows('DELETE FROM access_tokens');
      // The page may also notice the end of the session by an earlier request that was still running.
      await tab.page.keyboard.press('Enter');
      await tab.sees('Your session has ended. Please log in again.');
      expect(await tab.message.isVisible()).toBe(false);
      await tab.logIn('newcomer');
      await tab.turns.first().waitFor();
      await tab.hasTyped('typed for an hour');
      await tab.message.fill('');
      await tab.button('New conversation').click();
      await tab.hasTyped('typed in the new one');
    });

    it('has caused no errors in the browser', async () => {
      expect(tab.complaints).toEqual([]);
      await tab.close();
    });
  });
};
