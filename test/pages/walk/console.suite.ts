import { beforeAll, describe, expect } from '@jest/globals';
import type { Locator } from 'playwright-core';
import type { TestApp } from '../../support/app.js';
import type { Caller } from '../../support/client.js';
import { stepsOfWalk } from '../../support/steps.js';
import type { Walk } from '../../support/walk.js';
import type { WebPage } from '../../support/web-page.js';

const HOSTILE = '<img src=x onerror="globalThis.pwned=1">';

const LONG_NAME = 'n'.repeat(150);

/** What operators do in the console. */
export const staffConsole = (walk: () => Walk): void => {
  describe('the console', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let tab: WebPage;
    let grace: Caller;

    beforeAll(async () => {
      ({ app } = walk());
      await app.database.empty();
      grace = await app.newUser({ username: 'grace' });
      await grace.chat('hello');
      await app.newUser({ username: LONG_NAME });
      tab = await walk().open(await app.newUser({ username: 'ada' }));
    });

    const card = (name: string): Locator => tab.page.locator(`section[aria-label="${name}"]`);
    const row = (name: string): Locator => card('Users').getByRole('row').filter({ hasText: name });
    const trail = (action: string): Locator => card('Trail').getByRole('row', { name: action });

    it('is not offered to other users, and shows them nothing', async () => {
      await tab.page.getByRole('link', { name: 'Account' }).click();
      await tab.sees('No e-mail address is known');
      expect(await tab.page.getByRole('link', { name: 'Console' }).count()).toBe(0);
      await tab.page.goto(`${app.url}/#/console`);
      await card('Users').getByRole('alert').waitFor();
      expect(await tab.page.getByRole('table').count()).toBe(0);
      await app.database.rows('UPDATE users SET is_staff = $1 WHERE username = $2', [true, 'ada']);
    });

    it('finds users, and grants tokens with a reason', async () => {
      await tab.page.getByRole('link', { name: 'Account' }).click();
      await tab.page.getByRole('link', { name: 'Console' }).click();
      await row('ada').waitFor();
      await tab.page.getByLabel('Search users').fill('GRA');
      await row('ada').waitFor({ state: 'detached' });
      await tab.act('Grant', { Amount: '50', Reason: HOSTILE }, row('grace'));
      await row('grace').getByText('1,250').waitFor();
      expect(await grace.balance()).toBe(1250);
      await trail('grant').getByText(HOSTILE).waitFor();
    });

    it('grants once, also if the first answer was lost', async () => {
      const grants = '**/grants/';
      await tab.page.route(grants, async (route) => {
        await route.fetch();
        await route.abort();
      });
      await row('grace').getByRole('button', { name: 'Grant' }).click();
      await tab.dialog.getByLabel('Amount').fill('7');
      await tab.dialog.getByLabel('Reason').fill('goodwill');
      await tab.dialog.getByRole('button', { name: 'Grant' }).click();
      await tab.dialog.getByText('The server cannot be reached.').waitFor();
      await tab.page.unroute(grants);
      expect(await tab.dialog.getByLabel('Amount').inputValue()).toBe('7');
      await tab.dialog.getByRole('button', { name: 'Grant' }).click();
      await tab.dialog.waitFor({ state: 'hidden' });
      await row('grace').getByText('1,257').waitFor();
      expect(await grace.balance()).toBe(1257);
      tab.complaints.splice(0, tab.complaints.length);
    });

    it('creates a code that is shown once and valid once', async () => {
      await tab.act('Create a code', { Amount: '500', Reason: 'a fair' });
      const code = await card('Codes').locator('code').innerText();
      await trail('make_code').waitFor();
      expect((await grace.send('POST', '/api/wallet/redeem/', { code })).body).toEqual({
        tokens: 500,
        balance: 1757,
      });
      expect((await grace.send('POST', '/api/wallet/redeem/', { code })).status).toBe(400);
    });

    it('adds a user with a link that sets the password', async () => {
      await tab.page.getByLabel('Search users').fill('');
      await row('ada').waitFor();
      await tab.act('Add a user', { Username: 'dorothy' });
      const link = await card('Users').locator('code').innerText();
      await row('dorothy').waitFor();
      const other = await walk().open(undefined, link);
      await other.page.getByLabel('New password').fill('A-third-pass-3');
      await other.button('Change the password').click();
      await other.sees('Your password is changed.');
      await other.fillIn('dorothy', 'A-third-pass-3');
      await other.button('Log in').click();
      await other.message.waitFor();
      await other.close();
    });

    it('promotes, ends sessions and deactivates, and shows each change in the row', async () => {
      await tab.act('Make staff', {}, row('grace'));
      await row('grace').getByRole('button', { name: 'Remove from staff' }).waitFor();
      await tab.act('End sessions', {}, row('grace'));
      await trail('end_sessions').waitFor();
      expect((await grace.send('GET', '/api/me/')).status).toBe(401);
      await tab.act('Deactivate', { Reason: 'on leave' }, row('grace'));
      await row('grace').getByRole('button', { name: 'Activate' }).waitFor();
      expect(await app.database.count('users', 'is_active = $1', [false])).toBe(1);
      await row('ada').getByRole('button', { name: 'Deactivate' }).click();
      const overflow = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('dialog'))`;
      expect(await tab.page.evaluate(overflow)).toBe(0);
      await tab.dialog.getByRole('button', { name: 'Deactivate' }).click();
      await tab.dialog.getByRole('alert').waitFor();
      await tab.button('Cancel').click();
      expect(await app.database.count('users', 'is_active = $1', [false])).toBe(1);
    });

    it('sums the usage of all users by day, model and user', async () => {
      await tab.page.getByLabel('By user').check();
      await card('Usage').getByRole('row', { name: 'grace 1 100' }).waitFor();
    });

    it('shows its heading, and breaks a long name instead of hiding the columns behind it', async () => {
      await tab.page.getByRole('heading', { name: 'Console', exact: true }).waitFor();
      const cell = card('Users').getByRole('cell', { name: LONG_NAME });
      const { width = Infinity, height = 0 } = (await cell.boundingBox()) ?? {};
      expect(width).toBeLessThan(360);
      expect(height).toBeGreaterThan(60);
    });

    it('is accessible, fits the screen, and runs no injected script', async () => {
      expect(await tab.accessibilityFaults()).toEqual([]);
      const width = await tab.page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(tab.page.viewportSize()?.width ?? 0);
      expect(await tab.page.evaluate('typeof globalThis.pwned')).toBe('undefined');
      expect(tab.complaints).toEqual([]);
      expect(await app.database.unbalancedWallets()).toEqual([]);
      await tab.close();
    });
  });
};
