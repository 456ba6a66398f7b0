import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD } from '../support/app.js';
import type { HttpClient } from '../support/client.js';
import { itAtFullEffort, sample } from '../support/full-effort.js';
import { Mailbox, mailSettings } from '../support/mailbox.js';
import { Service } from '../support/service.js';

describe('mails and their settings', () => {
  let mailbox: Mailbox;
  let service: Service;
  let client: HttpClient;

  beforeEach(async () => {
    mailbox = await Mailbox.open();
  });
  afterEach(async () => {
    client.close();
    await service.remove();
    await mailbox.close();
  });

  const start = async (settings: Record<string, string>) => {
    service = await Service.start(settings);
    client = await service.client();
    await post('/api/register/', { username: 'ada', password: PASSWORD, email: 'ada@example.com' });
  };
  const post = (path: string, body: object) =>
    client.send({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const ask = () => post('/api/password/reset/', { username: 'ada' });
  const all = () => mailSettings(mailbox);

  it.each(sample('a missing setting', 3, ['SMTP_URL', 'SMTP_FROM', 'PUBLIC_URL']))(
    'are not sent without %s; the log says so, and the answer stays the same',
    async (missing) => {
      await start({ ...all(), [missing]: '' });
      const { status, raw } = await ask();
      expect([status, raw]).toEqual([202, '{}']);
      expect(service.log().map(({ msg }) => msg)).toContain(`no mail is sent: ${missing} missing`);
      service.kill('SIGTERM');
      expect(await service.ended).toEqual({ code: 0, signal: null });
      expect(mailbox.mails).toEqual([]);
    },
  );

  it('never appear in the log with a link, address or password', async () => {
    await start(all());
    await ask();
    await mailbox.waitFor(1);
    const first = mailbox.lastToken;
    mailbox.refusal = (raw) => `this looks like spam: ${raw}`;
    await ask();
    await service.sees(/a mail was not sent/);
    const refused = mailbox.lastToken;
    const body = { token: first, new_password: 'An0ther-pass-2' };
    expect((await post('/api/password/reset/confirm/', body)).status).toBe(204);
    expect((await post('/api/password/reset/confirm/', body)).status).toBe(400);
    const failed = service.log().find(({ msg }) => msg === 'a mail was not sent');
    expect(failed).toMatchObject({ level: 50, code: 'EMESSAGE' });
    for (const secret of [first, refused, 'An0ther-pass-2', PASSWORD, 'ada@example.com']) {
      expect(service.stdout + service.stderr).not.toContain(secret);
    }
  });

  itAtFullEffort('do not prevent answers or a stop if the mail server is away', async () => {
    await start({ ...all(), SMTP_URL: 'smtp://127.0.0.1:1' });
    expect((await ask()).status).toBe(202);
    await service.sees(/a mail was not sent/);
    service.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });
});
