import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OperatorsService } from '../../src/admin/operators.service.js';
import type { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { startWithMailbox, type Mailbox } from '../support/mailbox.js';

describe.each(databaseKinds)('links to set a password on %s', (kind) => {
  let app: TestApp;
  let mailbox: Mailbox;

  beforeAll(async () => {
    ({ app, mailbox } = await startWithMailbox(kind));
  });
  afterAll(async () => {
    await app.close();
    await mailbox.close();
  });

  const shellChange = (username: string, isActive: boolean) =>
    app.nest
      .get(OperatorsService)
      .change(username, { isActive }, { operatorId: null, reason: 'spec' });
  const passwordToken = (username: string) =>
    app.nest.get(OperatorsService).passwordToken(username, { operatorId: null, reason: 'spec' });

  it('reach the user who had the address first, whoever registers with it later', async () => {
    const users = [];
    for (let n = 0; n < 6; n += 1) {
      const user = await app.newUser();
      await user.send('PATCH', '/api/me/', { email: 'shared@example.com' });
      users.push(user);
    }
    await app.post('/api/password/reset/', { email: 'shared@example.com' });
    await mailbox.waitFor(5);
    const mailed = mailbox.mails.map(({ raw }) => /"(.+)"/.exec(raw)?.[1]);
    expect(mailed).toEqual(users.slice(0, 5).map(({ username }) => username));
    expect(await app.database.count('password_resets')).toBe(5);
  });

  it('are not made for a deactivated user, because they would not work', async () => {
    const { username } = await app.newUser();
    await shellChange(username, false);
    const before = await app.database.count('password_resets');
    await expect(passwordToken(username)).rejects.toMatchObject({
      fields: { username: ['The user is inactive. Activate the user first.'] },
    });
    expect(await app.database.count('password_resets')).toBe(before);
    expect(await app.database.count('trail_entries', `action = 'password_link'`)).toBe(0);
    await shellChange(username, true);
    const body = { token: await passwordToken(username), new_password: 'another-Pass-2' };
    expect((await app.post('/api/password/reset/confirm/', body)).status).toBe(204);
  });

  it('stop working when the user is deactivated, also after a later activation', async () => {
    const { username } = await app.newUser();
    const token = await passwordToken(username);
    await shellChange(username, false);
    await shellChange(username, true);
    const body = { token, new_password: 'another-Pass-2' };
    expect((await app.post('/api/password/reset/confirm/', body)).status).toBe(400);
    const login = { username, password: 'another-Pass-2' };
    expect((await app.post('/api/login/', login)).status).toBe(400);
  });
});
