import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { runCommand } from '../support/command.js';

/** The words are read before the database is asked for anything that differs from one kind to the other. */
describe('npm run admin with wrong words', () => {
  let app: TestApp;
  let staff: Caller;

  beforeAll(async () => {
    app = await TestApp.start();
    staff = await app.newUser({ username: 'operator' });
  });
  afterAll(() => app.close());

  const admin = (...words: string[]) => runCommand('admin', app.databaseUrl, ...words);

  it.each([
    [[], 'usage'],
    [['sessions', 'operator'], 'unknown command "sessions operator"'],
    [['password-link', 'nobody'], 'Not found'],
    [['grant', 'operator', '0', '--reason', 'x'], 'must be a whole number'],
    [['grant', 'operator', '5'], '--reason is missing'],
    [['grant', 'nobody', '5', '--reason', 'x'], 'Not found'],
    [['constructor'], 'unknown command'],
  ])('refuses the words %p in a line that helps, and changes nothing', async (words, hint) => {
    const { code, stdout, stderr } = await admin(...words);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(hint);
    expect(await staff.balance()).toBe(4000);
  });
});
