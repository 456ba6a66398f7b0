import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { TestApp } from '../support/app.js';
import { PAGE_WAIT_MS, inBrowser, openBrowser } from '../support/browser.js';
import { byEffort } from '../support/effort.js';
import { heightsOf } from '../support/route-heights.js';
import { stepsOfWalk } from '../support/steps.js';

const HEIGHT_MAX = 1500;
const BALANCE = '/api/token-balance/';

interface Described {
  readonly tags: readonly string[];
  readonly operationId: string;
}

inBrowser('the documentation in Chromium', () => {
  const it = stepsOfWalk();
  let app: TestApp;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(PAGE_WAIT_MS);
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(app.url)) {
        complaints.push(`asks elsewhere: ${request.url()}`);
      }
    });
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** Returns an operation. Shows only those of its path, because each click draws all visible ones again. */
  async function only(id: string, path: string): Promise<Locator> {
    await page.locator('.operation-filter-input').fill(path);
    return page.locator(`#operations-${id}`);
  }

  /** Sends the example of an operation unchanged, and returns the answer that the page shows. */
  async function tryOut(id: string, path: string): Promise<string> {
    const operation = await only(id, path);
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = operation.locator('.live-responses-table .response');
    await answer.waitFor();
    return answer.innerText();
  }

  /** Pastes a credential, which replaces an earlier one. */
  async function authorize(credential: string): Promise<void> {
    await page.locator('.auth-wrapper .authorize').first().click();
    const bearer = page.locator('.auth-container').first();
    await bearer.getByText('Close').waitFor();
    const logout = bearer.getByText('Logout');
    if (await logout.isVisible()) await logout.click();
    await page.locator('#auth-bearer-value').fill(credential);
    await bearer.locator('button.authorize').click();
    await bearer.getByText('Close').click();
  }

  /** Opens the page at `path`, and fails unless it shows every operation. */
  async function expectAllAt(path: string): Promise<void> {
    await page.goto(app.url + path);
    await page.locator('#operations-Documentation-readDocs').waitFor();
    const shown = await page.locator('.opblock').count();
    const { body } = await app.send({ path: '/api/schema/' });
    const items = Object.values(body.paths as Record<string, object>);
    expect(shown).toBe(items.flatMap((item) => Object.keys(item)).length);
  }

  it('shows every operation', async () => {
    await expectAllAt('/api/docs/');
  });

  it('shows no route taller than 1,500 pixels, each with the common errors in one line', async () => {
    const { body } = await app.send({ path: '/api/schema/' });
    const routes = Object.values(body.paths as Record<string, Record<string, Described>>).flatMap(
      (item) => Object.values(item),
    );
    const size = (route: Described) => JSON.stringify(route).length;
    const longestFirst = routes.sort((one, other) => size(other) - size(one));
    const ids = longestFirst
      .slice(0, byEffort({ light: 4, full: routes.length }))
      .map(({ tags, operationId }) => `operations-${tags.join().replace(' ', '_')}-${operationId}`);
    const heights = await page.evaluate<[string, number, string[]][]>(heightsOf(ids));
    expect(heights).toHaveLength(ids.length);
    expect(heights.filter(([, height]) => height > HEIGHT_MAX)).toEqual([]);
    expect(heights.filter(([, height]) => height < 300)).toEqual([]);
    expect(heights.filter(([, , statuses]) => statuses.at(-1) !== 'default')).toEqual([]);
    expect(heights.filter(([, , statuses]) => statuses.length < 2)).toEqual([]);
  }, 240_000);

  it('lets a new user, also after the session of the README, register, authorize with the pasted token, and chat', async () => {
    const readme = await readFile('README.md', 'utf8');
    const [typed = ''] = /username=\w+ -d password=\w+/.exec(readme) ?? [];
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = typed.replace(' -d ', '&');
    const before = await app.send({
      method: 'POST',
      path: '/api/register/',
      headers: form,
      body,
    });
    expect(before.status).toBe(201);
    const registered = await tryOut('Accounts-register', '/api/register/');
    const [token] = /[0-9a-f]{40}/.exec(registered) ?? ['none'];
    expect(await tryOut('Wallet-readBalance', BALANCE)).toContain('401');
    await authorize(token);
    const answered = await tryOut('Chat-sendMessage', '/api/chat/');
    expect(answered).toContain('This is a dummy AI response to your message');
    expect(answered).toContain('tokens-balance: 3900');
    expect(complaints.filter((text) => !text.includes('401 (Unauthorized)'))).toEqual([]);
    expect(await app.database.count('turns')).toBe(1);
  });

  it('works without the trailing slash, keeps the authorization, shows a long answer, and links to the chat page', async () => {
    await expectAllAt('/api/docs');
    expect(await tryOut('Wallet-readBalance', BALANCE)).toContain('3900');
    expect(await tryOut('Documentation-readSchema', '/api/schema/')).toContain('"openapi": "3.1');
    const link = page.getByRole('link', { name: 'To the chat page' });
    expect(await link.evaluate((anchor) => (anchor as { href?: string }).href)).toBe(`${app.url}/`);
  });

  it('fills in created JWTs in the routes that require one', async () => {
    const routes = byEffort({
      light: ['', 'refresh/'],
      full: ['', 'verify/', 'refresh/', 'blacklist/'],
    });
    for (const name of routes) {
      const id = `JWT-${name.slice(0, -1) || 'obtain'}Jwt`;
      expect(await tryOut(id, `/api/token/${name}`)).toMatch(/^200/);
    }
  });

  it('fills in another session than the reader’s in the route that ends a session', async () => {
    const login = { username: 'ada', password: 'strongpassword123' };
    const { body } = await app.post('/api/login/', login);
    const { token } = body as { token: string };
    await authorize(token);
    const list = await tryOut('Your_account-listSessions', '/api/sessions/');
    expect(list.match(/"current": (true|false)/g)?.[0]).toBe('"current": true');
    expect(await tryOut('Your_account-endSession', '/api/sessions/{id}/')).toMatch(/^204/);
    const headers = { Authorization: `Token ${token}` };
    expect((await app.send({ path: BALANCE, headers })).status).toBe(200);
  });

  it('accepts an API key like a token, and a key cannot manage keys', async () => {
    const made = await tryOut('API_keys-createKey', '/api/keys/');
    const [key = 'none'] = /"key": "(tally_\w+)"/.exec(made)?.slice(1) ?? [];
    await authorize(key);
    expect(await tryOut('API_keys-readCurrentKey', '/api/keys/')).toContain('last_used_at');
    expect(await tryOut('API_keys-listKeys', '/api/keys/')).toContain('session_required');
  });

  it('fills in the newest id of a list for a path parameter', async () => {
    const made = await tryOut('Conversations-listConversations', '/api/conversations/');
    const [newest = 'none'] = /"id": "([\w-]+)"/.exec(made)?.slice(1) ?? [];
    const path = '/api/conversations/{id}/';
    expect(await tryOut('Conversations-readConversation', path)).toContain(newest);
    const one = await only('Conversations-readConversation', path);
    expect(await one.locator('tr[data-param-in=path] input').inputValue()).toBe(newest);
  });

  it('filters routes by a word of their path or summary', async () => {
    await page.locator('.operation-filter-input').fill('token-BALANCE');
    await page.locator('#operations-Chat-sendMessage').waitFor({ state: 'detached' });
    expect(await page.locator('.opblock').count()).toBe(1);
    await page.locator('.operation-filter-input').fill('');
    await page.locator('#operations-Chat-sendMessage').waitFor();
  });
});
