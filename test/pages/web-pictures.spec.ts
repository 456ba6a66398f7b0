import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { TestApp } from '../support/app.js';
import { inBrowser, openBrowser } from '../support/browser.js';
import type { Caller } from '../support/client.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { openConversation } from '../support/conversations.js';
import { WebPage } from '../support/web-page.js';

const TITLES = ['A name for a cat', 'Rhymes for orange', 'Why the sky is blue'];
const QUESTION = 'How do I keep two requests from spending the same tokens?';
const ANSWER = `Let the database decide, in **one statement** that changes a row only where there is enough:

\`\`\`sql
UPDATE wallets SET held = held + 100
 WHERE owner_id = $1 AND balance - held >= 100;
\`\`\`

- If a row was changed, the tokens are yours to spend.
- If none was, the wallet is too empty: answer 402.

Reading the balance first would let both requests see the same tokens.`;

/** Run by `npm run screenshots`, which sets the folder. */
inBrowser('the pictures of the page for the README', () => {
  let app: TestApp;
  let browser: Browser;
  let folder: string;
  let ada: Caller;

  beforeAll(async () => {
    folder = process.env['SCREENSHOTS'] ?? (await mkdtemp(join(tmpdir(), 'tallychat-pictures-')));
    app = await TestApp.start();
    browser = await openBrowser();
    ada = await app.newUser({ username: 'ada' });
    for (const title of TITLES) await openConversation(ada, { title });
    new ProviderProbe(app.nest).answer([
      { type: 'delta', text: ANSWER },
      { type: 'done', finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } },
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  it.each([
    ['page-wide', 'wide', 'light'],
    ['page-small', 'small', 'dark'],
  ] as const)('include %s.png, which is small', async (name, screen, colorScheme) => {
    const tab = await WebPage.openInNewContext(browser, app.url, screen, ada);
    await tab.page.emulateMedia({ colorScheme });
    await tab.ask(QUESTION);
    await tab.message.fill('And when the process dies in between?');
    await tab.sees('Costs 100 tokens');
    await tab.page.getByRole('navigation').getByText(QUESTION).first().waitFor();
    const path = join(folder, `${name}.png`);
    await tab.page.screenshot({ path, caret: 'hide' });
    expect((await stat(path)).size).toBeLessThan(120_000);
    expect((await stat(path)).size).toBeGreaterThan(10_000);
    expect(tab.complaints).toEqual([]);
    await tab.close();
  });
});
