import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { allContentOf } from '../support/all-content.js';
import { startWithMailbox, type Mailbox } from '../support/mailbox.js';
import { until } from '../support/until.js';

const NEW = 'An0ther-pass-2';
const REFUSED = { token: ['This link was used before, has expired, or never was one.'] };

describe.each(databaseKinds)('a forgotten password on %s', (kind) => {
  let app: TestApp;
  let mailbox: Mailbox;

  beforeAll(async () => {
    ({ app, mailbox } = await startWithMailbox(kind));
  });
  afterAll(async () => {
    await app.close();
    await mailbox.close();
  });

  const withAddress = async (email?: string) => {
    const ada = await app.newUser();
    await ada.send('PATCH', '/api/me/', { email: email ?? `${ada.username}@example.com` });
    return ada;
  };
  const ask = (body: object, headers = {}) => app.post('/api/password/reset/', body, headers);
  const confirm = (token: string, password = NEW) =>
    app.post('/api/password/reset/confirm/', { token, new_password: password });
  const login = async ({ username }: Caller, password: string) =>
    (await app.post('/api/login/', { username, password })).status;
  /** Requests a link, and returns its token. */
  const tokenFor = async ({ username }: Caller) => {
    const { length } = mailbox.mails;
    expect((await ask({ username })).status).toBe(202);
    await mailbox.waitFor(length + 1);
    return mailbox.lastToken;
  };
  const links = () => app.database.count('password_resets');

  it('is replaced by a link in a mail, which ends every session', async () => {
    const ada = await withAddress();
    const token = await tokenFor(ada);
    const mail = mailbox.mails.at(-1);
    expect([mail?.from, mail?.to]).toEqual([
      'no-reply@tally.example',
      [`${ada.username}@example.com`],
    ]);
    expect(mail?.raw).toContain(`https://chat.example/tally/#password-reset=${token}`);
    expect(mail?.raw).not.toContain('127.0.0.1');
    expect((await ada.get('/api/me/')).status).toBe(200);
    const { status, raw } = await confirm(token);
    expect([status, raw]).toEqual([204, '']);
    expect([await login(ada, NEW), await login(ada, PASSWORD)]).toEqual([200, 400]);
    expect((await ada.get('/api/me/')).status).toBe(401);
    const again = await confirm(token, 'Yet-an0ther-pass-3');
    expect([again.status, again.body]).toEqual([400, REFUSED]);
    expect(await login(ada, NEW)).toBe(200);
  });

  it('makes the link from PUBLIC_URL, whatever Host the request names', async () => {
    const ada = await withAddress();
    const { length } = mailbox.mails;
    const forged = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' };
    expect((await ask({ username: ada.username }, forged)).status).toBe(202);
    await mailbox.waitFor(length + 1);
    expect(mailbox.mails.at(-1)?.raw).toContain('https://chat.example/tally/#');
    expect(mailbox.mails.at(-1)?.raw).not.toContain('evil');
  });

  it('can be requested by address for each user who has it, with the domain in any case', async () => {
    const shared = `family-${kind}@example.com`;
    const [one, other] = [await withAddress(shared), await withAddress(shared)];
    const { length } = mailbox.mails;
    await ask({ email: `family-${kind}@EXAMPLE.com` });
    await mailbox.waitFor(length + 2);
    const texts = mailbox.mails.slice(length).map(({ raw }) => raw);
    for (const { username } of [one, other]) {
      expect(texts.filter((text) => text.includes(`"${username}"`))).toHaveLength(1);
    }
  });

  it('can be requested by address in the case that a keyboard wrote, and is mailed to the stored address', async () => {
    const stored = [`case-${kind}@example.com`, `Other-${kind}@example.com`];
    for (const address of stored) await withAddress(address);
    const { length } = mailbox.mails;
    await ask({ email: `CASE-${kind.toUpperCase()}@example.com` });
    await ask({ email: `other-${kind}@example.com` });
    await mailbox.waitFor(length + 2);
    expect(mailbox.mails.slice(length).map(({ to }) => to)).toEqual(stored.map((to) => [to]));
  });

  it('gives known and unknown names the same answer at once while the mail server is slow', async () => {
    const ada = await withAddress();
    const mute = await app.newUser();
    const { length } = mailbox.mails;
    const known = { username: ada.username };
    const others = [
      known,
      { username: 'nobody' },
      { username: mute.username },
      { email: 'no@example.com' },
    ];
    await mailbox.whilePaused(async () => {
      for (const body of others) {
        const { status, raw } = await ask(body);
        expect([body, status, raw]).toEqual([body, 202, '{}']);
      }
      expect(mailbox.mails).toHaveLength(length);
    });
    await mailbox.waitFor(length + 1);
    // Mails are sent in the order of the requests. So after this one, all earlier mails would have arrived.
    await tokenFor(ada);
    expect(mailbox.mails).toHaveLength(length + 2);
  });

  it('is not mailed to an address that its user gave up while mails to others were sent', async () => {
    const shared = `given-up-${kind}@example.com`;
    await withAddress(shared);
    const leaver = await withAddress(shared);
    const [{ length }, before] = [mailbox.mails, await links()];
    await mailbox.whilePaused(async () => {
      await ask({ email: shared });
      // The oldest user is first, and the mail to that user waits for the mail server.
      await until(async () => (await links()) > before);
      await leaver.send('PATCH', '/api/me/', { email: `new-${kind}@example.com` });
    });
    await mailbox.waitFor(length + 1);
    // Mails are sent in the order of the requests. So after this one, all earlier mails would have arrived.
    await tokenFor(await withAddress());
    const addresses = mailbox.mails.slice(length).map(({ to }) => to.join());
    expect(addresses.filter((to) => to === shared)).toEqual([shared]);
    expect(await links()).toBe(before + 2);
    expect(await login(leaver, PASSWORD)).toBe(200);
  });

  it('requires a name or an address', async () => {
    const { length } = mailbox.mails;
    const { status, body } = await ask({});
    expect([status, Object.keys(body as object)]).toEqual([400, ['non_field_errors']]);
    for (const wrong of [{ username: '' }, { email: null }, { username: 'x'.repeat(151) }]) {
      expect((await ask(wrong)).status).toBe(400);
    }
    expect(mailbox.mails).toHaveLength(length);
  });

  it('is set once if ten requests use the link at once', async () => {
    const ada = await withAddress();
    const token = await tokenFor(ada);
    const wished = Array.from({ length: 10 }, (_, n) => `Rival-pass-${String(n)}`);
    const answers = await Promise.all(wished.map((password) => confirm(token, password)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(9);
    expect(await login(ada, wished[statuses.indexOf(204)] ?? '')).toBe(200);
  });

  it('is kept if the new one is weak, and the link stays valid', async () => {
    const ada = await withAddress();
    const token = await tokenFor(ada);
    for (const weak of ['password', ada.username, '12345678']) {
      const { status, body } = await confirm(token, weak);
      expect([status, Object.keys(body as object)]).toEqual([400, ['new_password']]);
    }
    expect(await login(ada, PASSWORD)).toBe(200);
    expect((await confirm(token)).status).toBe(204);
  });

  it('accepts a link for an hour, until the password or the address changes', async () => {
    const ada = await withAddress();
    const owner = await app.ownerOf(ada);
    const expired = await tokenFor(ada);
    await app.database.rows(
      'UPDATE password_resets SET expires_at = expires_at - $2 WHERE user_id = $1',
      [owner, 3_600_000_000],
    );
    expect((await confirm(expired)).body).toEqual(REFUSED);
    const byAddress = await tokenFor(ada);
    expect(await app.database.count('password_resets', 'user_id = $1', [owner])).toBe(1);
    await ada.send('PATCH', '/api/me/', { email: 'ada@example.net' });
    expect((await confirm(byAddress)).body).toEqual(REFUSED);
    const byPassword = await tokenFor(ada);
    await ada.send('POST', '/api/password/', { current_password: PASSWORD, new_password: NEW });
    expect((await confirm(byPassword, 'Yet-an0ther-pass-3')).body).toEqual(REFUSED);
    expect(await login(ada, NEW)).toBe(200);
    expect((await ada.get('/api/me/')).status).toBe(200);
  });

  it('gives a deactivated user no access', async () => {
    const ada = await withAddress();
    const token = await tokenFor(ada);
    const { length } = mailbox.mails;
    const keepOut = 'UPDATE users SET is_active = $2 WHERE username = $1';
    await app.database.rows(keepOut, [ada.username, false]);
    expect((await confirm(token)).body).toEqual(REFUSED);
    await ask({ username: ada.username });
    await tokenFor(await withAddress());
    expect(mailbox.mails).toHaveLength(length + 1);
    await app.database.rows(keepOut, [ada.username, true]);
    expect([await login(ada, PASSWORD), await login(ada, NEW)]).toEqual([200, 400]);
  });

  it('sends three links per hour at most, also for ten requests at once', async () => {
    const ada = await withAddress();
    const before = [mailbox.mails.length, await links()] as const;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ask({ username: ada.username })),
    );
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    // Links are sent in the order of the requests, so this one comes last.
    const { username: last } = await withAddress();
    await ask({ username: last });
    await mailbox.waitForMailTo(`${last}@example.com`);
    expect(mailbox.mails).toHaveLength(before[0] + 4);
    expect(await links()).toBe(before[1] + 4);
  });

  it('stores its link nowhere in readable form', async () => {
    const ada = await withAddress();
    const token = await tokenFor(ada);
    const stored = await allContentOf(app);
    expect(stored).toContain(createHash('sha256').update(token).digest('hex'));
    expect(stored).not.toContain(token);
    expect((await confirm(token, NEW)).status).toBe(204);
    expect(await allContentOf(app)).not.toContain(NEW);
  });

  it.each(['', 'x', "' OR '1'='1", 'a'.repeat(101), null, 7])(
    'refuses the token %j',
    async (token) => {
      const body = { token, new_password: NEW };
      const { status, body: answer } = await app.post('/api/password/reset/confirm/', body);
      expect([status, Object.keys(answer as object)]).toEqual([400, ['token']]);
    },
  );
});
