import { beforeAll, describe, expect } from '@jest/globals';
import type { TestApp } from '../../support/app.js';
import type { ProviderProbe } from '../../support/provider-probe.js';
import { stepsOfWalk } from '../../support/steps.js';
import { until } from '../../support/until.js';
import type { Walk } from '../../support/walk.js';
import type { WebPage } from '../../support/web-page.js';

const MARKDOWN = `Take **two** steps. Then rest.\n\n\`\`\`js\nconst held = 1;\n\`\`\`\n\n3. three\n\n| a |\n|--:|\n| 1 |\n\nDone.`;
const usage = { promptTokens: 1, completionTokens: 1 };
const DONE = { type: 'done', finishReason: 'stop', usage } as const;
const said = (text: string) => ({ type: 'delta', text }) as const;

/** From the first visit to a long conversation. */
export const conversation = (walk: () => Walk): void => {
  describe('a conversation', () => {
    const it = stepsOfWalk();
    let app: TestApp;
    let provider: ProviderProbe;
    let tab: WebPage;

    beforeAll(async () => {
      ({ app, provider } = walk());
      tab = await walk().open();
    });

    /** Returns the distance from the end of the conversation, in pixels. */
    const toTheEnd = () =>
      tab.page.evaluate<number>(`(({ scrollTop, scrollHeight, clientHeight }) =>
        scrollHeight - clientHeight - scrollTop)(document.querySelector('.scroller'))`);

    it('starts with one form, and shows the configured grant', async () => {
      await tab.sees('A new account starts with 1,300 tokens.');
      expect(await tab.page.getByRole('form').or(tab.page.locator('form')).count()).toBe(1);
      expect(await tab.page.getByRole('navigation').count()).toBe(0);
      await tab.expectInView(tab.button('Register'));
    });

    it('shows the reason of a refusal beside the field, and keeps the input', async () => {
      await tab.fillIn('newcomer', 'password');
      await tab.button('Register').click();
      await tab.sees('This password is too common.');
      expect(await tab.page.getByLabel('Username').inputValue()).toBe('newcomer');
      expect(await tab.page.getByLabel('Password').inputValue()).toBe('password');
      expect(await tab.page.getByLabel('Password').getAttribute('aria-invalid')).toBe('true');
      await tab.button('Log in').click();
      await tab.sees('Unable to log in with provided credentials.');
      expect(await app.database.count('users')).toBe(0);
    });

    it('removes the form after the registration, and shows the chat', async () => {
      await tab.register('newcomer');
      expect(await tab.page.getByLabel('Password').isVisible()).toBe(false);
      expect(await tab.button('Register').isVisible()).toBe(false);
      await tab.hasBalance('1,300');
      await tab.expectInView(tab.message);
      await tab.expectInView(tab.button('Send'));
      await tab.expectInView(tab.button('Log out'));
    });

    it('shows the price before a message is sent, without a charge', async () => {
      await tab.message.fill('first');
      await tab.sees('Costs 100 tokens');
      const picker = tab.page.getByLabel('Model', { exact: true });
      expect(await picker.inputValue()).toBe('echo');
      expect(await picker.locator('option').allInnerTexts()).toEqual([
        'echo · 100 tokens per message',
        'dear · 10 in, 20 out per 1k',
      ]);
      await picker.selectOption('dear');
      await tab.sees(/^Costs 1 to \d+ tokens$/);
      await picker.selectOption('echo');
      await tab.sees('Costs 100 tokens');
      expect(await app.database.count('turns')).toBe(0);
      await tab.hasBalance('1,300');
    });

    it('breaks the line with Shift and Enter, and sends with Enter', async () => {
      await tab.message.press('Shift+Enter');
      await tab.message.pressSequentially('second');
      expect(await tab.message.inputValue()).toBe('first\nsecond');
      expect(await app.database.count('turns')).toBe(0);
      await tab.message.press('Enter');
      await tab.sees('echo · 100 tokens');
      await tab.hasBalance('1,200');
      expect(await tab.message.inputValue()).toBe('');
      expect(await tab.answers.last().innerText()).toContain('your message');
      await tab.button('Stop').waitFor({ state: 'detached' });
    });

    it('continues the conversation with its context', async () => {
      await tab.ask('third');
      const contents = provider.lastRequest?.messages.map(({ content }) => content);
      expect(contents?.[0]).toBe('first\nsecond');
      expect(contents?.at(-1)).toBe('third');
      expect(await app.database.count('conversations')).toBe(1);
    });

    it('shows Markdown with code that can be copied, and reasoning folded', async () => {
      const thinking = { type: 'delta', text: '', reasoning: 'They want steps.' } as const;
      provider.answer([thinking, said(MARKDOWN), DONE]);
      await tab.ask('how?');
      const thought = tab.turns.last().getByText('They want steps.');
      expect(await thought.isVisible()).toBe(false);
      await tab.turns.last().getByText('Thinking').click();
      expect(await thought.isVisible()).toBe(true);
      const answer = tab.answers.last();
      expect(await answer.locator('strong').innerText()).toBe('two');
      expect(await answer.locator('pre code').innerText()).toBe('const held = 1;\n');
      expect(await answer.locator('ol').getAttribute('start')).toBe('3');
      expect(await answer.locator('td').getAttribute('align')).toBe('right');
      await tab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await answer.getByRole('button', { name: 'Copy code' }).click();
      const copied = await tab.page.evaluate('navigator.clipboard.readText()');
      expect(copied).toBe('const held = 1;\n');
    });

    it('announces whole sentences, each one once', async () => {
      const pieces = ['One sen', 'tence. Anoth', 'er one! And the', ' rest'];
      provider.answer([...pieces.map(said), DONE]);
      await tab.ask('speak');
      const spoken = await tab.page.locator('[aria-live] p').allInnerTexts();
      const spokenTexts = spoken.slice(spoken.indexOf('One sentence.'));
      expect(spokenTexts.join(' ')).toBe(
        'One sentence. Another one! And the rest End of the answer. It cost 100 tokens; 900 tokens left.',
      );
      expect(spokenTexts).toContain('And the rest');
      expect(await tab.page.locator('.turn [aria-live]').count()).toBe(0);
    });

    it('shows the same conversation after a reload', async () => {
      await tab.page.reload();
      await tab.sees('how?');
      expect(await tab.answers.count()).toBe(4);
      await tab.conversations.first().waitFor();
      expect(await tab.conversations.count()).toBe(1);
      await tab.hasBalance('900');
      await tab.expectInView(tab.button('Send'));
      await until(async () => (await toTheEnd()) < 2);
    });

    it('stops an answer, which costs its price after the model was called', async () => {
      provider.delayWith(() => new Promise(() => undefined));
      await tab.message.fill('never mind');
      const calls = provider.calls;
      await tab.button('Send').click();
      await until(() => provider.calls !== calls);
      await tab.expectInView(tab.button('Stop'));
      await tab.button('Stop').click();
      await tab.sees('Stopped · echo · 100 tokens');
      await tab.button('Stop').waitFor({ state: 'detached' });
      await tab.hasBalance('800');
      expect(await app.database.unbalancedWallets()).toEqual([]);
    });

    it('shows that an answer failed, and asks again', async () => {
      provider.delayWith(() => Promise.reject(new Error('a fault of the provider')));
      await tab.ask('try');
      await tab.turns.last().getByRole('alert').waitFor();
      expect(await tab.turns.last().innerText()).toContain('Not answered');
      expect(await tab.turns.last().innerText()).not.toContain('a fault of the provider');
      provider.delayWith(undefined);
      await tab.turns.last().getByRole('button', { name: 'Retry' }).click();
      await tab.hasBalance('700');
      expect(await tab.turns.last().locator('.question').innerText()).toBe('try');
    });

    it('keeps the current draft when a question is edited', async () => {
      await tab.message.fill('a draft');
      await tab.turns.last().getByRole('button', { name: 'Edit and ask again' }).click();
      expect(await tab.message.inputValue()).toBe('a draft\n\ntry');
      await tab.ask('tried');
      expect(await tab.turns.last().innerText()).toContain("'tried'");
      await tab.hasBalance('600');
    });

    it('restores a refused message, with the reason above it', async () => {
      await tab.message.fill('x'.repeat(5001));
      await tab.button('Send').click();
      const alert = tab.page.getByRole('alert').filter({ hasText: 'no more than 5000 characters' });
      await alert.waitFor();
      await tab.expectInView(alert);
      await tab.hasTyped('x'.repeat(5001));
      expect(await tab.page.locator('.question', { hasText: 'xxx' }).count()).toBe(0);
      await tab.hasBalance('600');
    });

    it('restores a message if the server cannot be reached', async () => {
      await tab.page.context().setOffline(true);
      await tab.message.fill('is anyone there?');
      await tab.button('Send').click();
      await tab.sees('The server cannot be reached.');
      await tab.hasTyped('is anyone there?');
      await tab.page.context().setOffline(false);
      tab.complaints.splice(0, tab.complaints.length);
    });

    it('uses the other model at its own price', async () => {
      const counted = { promptTokens: 100, completionTokens: 200 };
      provider.answer([said('Well.'), { ...DONE, usage: counted }]);
      await tab.page.getByLabel('Model', { exact: true }).selectOption('dear');
      await tab.ask('and you?');
      await tab.turns.last().getByText('dear · 5 tokens').waitFor();
      await tab.hasBalance('595');
      await tab.page.getByLabel('Model', { exact: true }).selectOption('echo');
    });

    it('has caused no errors in the browser, and the books balance', async () => {
      expect(tab.complaints).toEqual([]);
      expect(await app.database.unbalancedWallets()).toEqual([]);
      await tab.close();
    });
  });
};
