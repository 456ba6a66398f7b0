import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { sample } from '../support/full-effort.js';
import { Service } from '../support/service.js';

/** On SQLite only: arguments are checked before any query that differs between the databases. */
describe('npm run admin with wrong arguments', () => {
  let app: TestApp;
  let staff: Caller;

  beforeAll(async () => {
    app = await TestApp.start();
    staff = await app.newUser({ username: 'operator' });
  });
  afterAll(() => app.close());

  const admin = (...words: string[]) => runCommand('admin', app.databaseUrl, ...words);

  const wrong: (readonly [words: string[], hint: string])[] = [
    [[], 'Usage: tallychat admin'],
    [['sessions', 'operator'], "unknown command 'operator'"],
    [['constructor'], "unknown command 'constructor'"],
    [['grant', 'operator', '5'], "required option '--reason <text>' not specified"],
    [['grant', 'operator', '5', '--reason'], 'argument missing'],
    [['grant', 'operator', '5', '--reason', '--key', 'k'], 'It is an option itself.'],
    [['grant', 'operator', '5', '--reason', ' '], 'It is empty.'],
    [['grant', 'operator', '5', '--reason', 'x', '--reason', 'y'], 'It is given twice.'],
    [['grant', 'operator', '10', '000', '--reason', 'x'], 'too many arguments'],
    [['grant', 'operator', '5', '--reason', 'x', '--revoke'], "unknown option '--revoke'"],
    [['grant', '', '5', '--reason', 'x'], 'It is empty.'],
    [['grant', 'operator', '5', '--reason', 'x'.repeat(201)], 'more than 200 characters'],
    [['grant', 'operator', '5', '--reason', 'x', '--key', 'k'.repeat(256)], 'more than 255'],
    [['deactivate', 'operator', 'nobody'], 'too many arguments'],
    [['users', '--revoke'], "unknown option '--revoke'"],
    [['grant', 'operator', '1e3', '--reason', 'x'], 'must be a whole number from 1'],
  ];

  it.each(sample('wrong arguments', 4, wrong))(
    'refuses %p with the usage, and does nothing',
    async (words, hint) => {
      const { code, stdout, stderr } = await admin(...words);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(hint);
      expect(stderr).toContain('Usage: tallychat admin');
      expect(await staff.balance()).toBe(4000);
    },
  );

  const vain: (readonly [words: string[], line: string])[] = [
    [['password-link', 'nobody'], 'admin: There is no such user.\n'],
    [['grant', 'nobody', '5', '--reason', 'x'], 'admin: There is no such user.\n'],
    [['deactivate', '--', '-x'], 'admin: There is no such user.\n'],
  ];

  it.each(sample('arguments that name nothing', 3, vain))(
    'reports in one line why it cannot run %p',
    async (words, line) => {
      const { code, stdout, stderr } = await admin(...words);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^database: .*\n.*\n$/);
      expect(stderr).toContain(line);
    },
  );

  it('refuses a surplus argument of the audit and of the service', async () => {
    const audit = await runCommand('audit', app.databaseUrl, 'all');
    expect([audit.code, audit.stdout]).toEqual([2, '']);
    const service = await Service.launch({}, { words: ['now'] });
    expect(await service.ended).toEqual({ code: 2, signal: null });
    expect(service.stderr).toContain("too many arguments for 'serve'");
    await service.remove();
  });
});
