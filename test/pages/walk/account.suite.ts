import { beforeAll, describe, expect } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { PASSWORD, type TestApp } from '../../support/app.js';
import type { Mailbox } from '../../support/mailbox.js';
import { stepsOfWalk } from '../../support/steps.js';
import type { Walk } from '../../support/walk.js';
import type { WebPage } from '../../support/web-page.js';

const HOSTILE = '<img src=x onerror="globalThis.pwned=1">';
const CHANGED = 'An0ther-pass-2';
const RESET = 'A-third-pass-3';

/** What users do on the account page, up to the deletion of the account. */
export const account = (walk: () => Walk): void => {
  describe('the account', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let mailbox: Mailbox;
    let tab: WebPage;
    let key: string;

    beforeAll(async () => {
      ({ app, mailbox } = walk());
      await app.database.empty();
      tab = await walk().open(await app.newUser({ username: 'newcomer' }));
      await tab.page.getByRole('link', { name: 'Account' }).click();
    });

    const card = (name: string): Locator => tab.page.locator(`section[aria-label="${name}"]`);
    const get = (path: string, credential: string) =>
      app.send({ path, headers: { Authorization: `Bearer ${credential}` } });
    /** The page itself must not scroll sideways. Only wide elements in it may. */
    const expectNoWiderThanScreen = async () => {
      const width = await tab.page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(tab.page.viewportSize()?.width ?? 0);
      const wide = `Math.max(...[...document.querySelectorAll('.wide, .card')].map((each) => each.getBoundingClientRect().right))`;
      expect(await tab.page.evaluate<number>(wide)).toBeLessThanOrEqual(width);
    };

    it('creates a key, and shows faults beside the field', async () => {
      await card('API keys').getByText('needs a key').waitFor();
      expect(await tab.page.getByText('Done.').filter({ visible: true }).count()).toBe(0);
      await tab.button('Create a key').click();
      await tab.dialog.getByLabel('Name').fill(HOSTILE);
      await tab.dialog.getByLabel('Limit', { exact: true }).fill('300');
      await tab.dialog.getByLabel('Limit reset').selectOption('daily');
      await tab.dialog.getByLabel('Scopes').selectOption(['chat', 'wallet']);
      await tab.dialog.getByLabel('Valid until').fill('2020-01-01');
      expect(await tab.accessibilityFaults()).toEqual([]);
      await tab.dialog.getByRole('button', { name: 'Create a key' }).click();
      await tab.dialog.getByRole('alert').waitFor();
      expect(await app.database.count('api_keys')).toBe(0);
      expect(await tab.dialog.getByLabel('Name').inputValue()).toBe(HOSTILE);
      await tab.dialog.getByLabel('Valid until').fill('2099-01-01');
      await tab.dialog.getByRole('button', { name: 'Create a key' }).click();
      await tab.sees('Copy it now: it is not shown again.');
      expect(await tab.dialog.count()).toBe(0);
      key = await card('API keys').locator('code').innerText();
      expect(key).toMatch(/^tally_[0-9A-Za-z]{49}$/);
      const { body } = await get('/api/keys/current/', key);
      expect(body).toMatchObject({
        name: HOSTILE,
        scopes: ['chat', 'wallet'],
        limit: 300,
        limit_reset: 'daily',
        expires_at: '2099-01-01T00:00:00.000000Z',
      });
      await tab.page.getByRole('cell', { name: HOSTILE }).waitFor();
      expect(await card('API keys').locator('img').count()).toBe(0);
      await expectNoWiderThanScreen();
      expect(await tab.accessibilityFaults()).toEqual([]);
    });

    it('copies the key, and shows it once', async () => {
      await tab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await tab.button('Copy').click();
      await tab.button('Copied').waitFor();
      expect(await tab.page.evaluate('navigator.clipboard.readText()')).toBe(key);
      await tab.page.reload();
      await tab.page.getByRole('cell', { name: HOSTILE }).waitFor();
      expect(await tab.page.getByText(key).count()).toBe(0);
    });

    it('rotates the key: shows the new one, and the old one is refused', async () => {
      await tab.act('Rotate');
      const shown = card('API keys').locator('code');
      await shown.waitFor();
      const rotated = await shown.innerText();
      expect(rotated).not.toBe(key);
      expect((await get('/api/keys/current/', key)).status).toBe(401);
      expect((await get('/api/keys/current/', rotated)).status).toBe(200);
      key = rotated;
    });

    it('revokes the key after a confirmation', async () => {
      await tab.button('Revoke').click();
      await tab.dialog.getByText('are refused from now on').waitFor();
      await tab.button('Cancel').click();
      expect((await get('/api/keys/current/', key)).status).toBe(200);
      await tab.act('Revoke');
      await card('API keys').getByText('needs a key').waitFor();
      expect(await tab.page.getByText(key).filter({ visible: true }).count()).toBe(0);
      expect((await get('/api/keys/current/', key)).status).toBe(401);
    });

    it('ends another session, and all others except its own', async () => {
      const login = async () => {
        const body = { username: 'newcomer', password: PASSWORD };
        return ((await app.post('/api/login/', body)).body as { token: string }).token;
      };
      const others = [await login(), await login(), await login()];
      await tab.page.reload();
      const rows = card('Sessions').getByRole('row');
      await rows.nth(4).waitFor();
      expect(await card('Sessions').getByRole('button', { name: 'End', exact: true }).count()).toBe(
        3,
      );
      await tab.act('End', {}, card('Sessions'));
      await rows.nth(4).waitFor({ state: 'detached' });
      expect(await app.database.count('access_tokens')).toBe(3);
      await tab.act('End all other sessions');
      await rows.nth(2).waitFor({ state: 'detached' });
      for (const token of others) expect((await get('/api/me/', token)).status).toBe(401);
      await tab.sees('Done.');
      expect(await tab.message.isVisible()).toBe(false);
    });

    it('changes the e-mail, and shows faults of an e-mail', async () => {
      await tab.sees('No e-mail address is known');
      await tab.act('Change the e-mail', { 'E-mail': 'ada@example.com' });
      await tab.sees('ada@example.com');
      expect(await tab.page.getByText('No e-mail address is known').count()).toBe(0);
    });

    it('changes the password, with the current one', async () => {
      await tab.button('Change the password').click();
      await tab.dialog.getByLabel('Current password').fill('wrong');
      await tab.dialog.getByLabel('New password').fill(CHANGED);
      await tab.dialog.getByRole('button', { name: 'Change the password' }).click();
      await tab.dialog.getByRole('alert').waitFor();
      expect(await tab.dialog.getByLabel('New password').inputValue()).toBe(CHANGED);
      await tab.dialog.getByLabel('Current password').fill(PASSWORD);
      await tab.dialog.getByRole('button', { name: 'Change the password' }).click();
      await tab.dialog.waitFor({ state: 'hidden' });
      await tab.button('Log out').click();
      await tab.fillIn('newcomer', PASSWORD);
      await tab.button('Log in').click();
      await tab.sees('Unable to log in with provided credentials.');
    });

    it('sends a link for a forgotten password that is valid once', async () => {
      await tab.page.getByRole('link', { name: 'Forgot your password?' }).click();
      await tab.page.getByLabel('Password').waitFor({ state: 'detached' });
      expect(await tab.accessibilityFaults()).toEqual([]);
      await tab.page.getByLabel('Username').fill('newcomer');
      await tab.button('Send the link').click();
      await tab.sees('the link is on its way');
      await mailbox.waitFor(1);
      const link = `${app.url}/#password-reset=${mailbox.lastToken}`;
      await tab.page.goto(link);
      await tab.page.getByLabel('New password').fill('password');
      await tab.button('Change the password').click();
      await tab.sees('This password is too common.');
      expect(await tab.accessibilityFaults()).toEqual([]);
      await tab.page.getByLabel('New password').fill(RESET);
      await tab.button('Change the password').click();
      await tab.sees('Your password is changed. Log in with the new password.');
      expect(tab.page.url()).not.toContain('password-reset');
      await tab.page.goto(link);
      await tab.page.getByLabel('New password').fill(CHANGED);
      await tab.button('Change the password').click();
      await tab.sees('This link was used before, has expired, or never was one.');
      await tab.page.goto(`${app.url}/#/account`);
      await tab.fillIn('newcomer', RESET);
      await tab.button('Log in').click();
      await tab.button('Delete the account').waitFor();
    });

    it('deletes the account with its password, and shows what is deleted and what stays', async () => {
      await tab.button('Delete the account').click();
      await tab.dialog.getByText('Ledger entries stay, without your name.').waitFor();
      expect(await tab.accessibilityFaults()).toEqual([]);
      await tab.dialog.getByLabel('Password').fill(PASSWORD);
      await tab.dialog.getByRole('button', { name: 'Delete the account' }).click();
      await tab.dialog.getByRole('alert').waitFor();
      expect(await app.database.count('users')).toBe(1);
      await tab.dialog.getByLabel('Password').fill(RESET);
      await tab.dialog.getByRole('button', { name: 'Delete the account' }).click();
      await tab.sees('Your account is deleted.');
      expect(await tab.button('Delete the account').isVisible()).toBe(false);
      expect(await app.database.count('users')).toBe(0);
    });

    it('says whom to ask if registration is closed, and has no button for it', async () => {
      await tab.page.route(`${app.url}/`, async (route) => {
        const answer = await route.fetch();
        const closed = (await answer.text()).replace(
          'registration="open"',
          'registration="closed"',
        );
        await route.fulfill({ response: answer, body: closed });
      });
      await tab.page.goto(`${app.url}/`);
      await tab.sees('Registration is closed: ask the operator of this service for an account.');
      expect(await tab.button('Log in').isVisible()).toBe(true);
      expect(await tab.button('Register').isVisible()).toBe(false);
    });

    it('has caused no errors in the browser', async () => {
      expect(await tab.page.evaluate('typeof globalThis.pwned')).toBe('undefined');
      expect(tab.complaints).toEqual([]);
      await tab.close();
    });
  });
};
