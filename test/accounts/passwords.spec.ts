import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { HashProbe } from '../support/hash-probe.js';

const NEW = 'An0ther-pass-2';

describe.each(databaseKinds)('POST /api/password/ on %s', (kind) => {
  let app: TestApp;
  let hashes: HashProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    hashes = new HashProbe();
  });
  afterAll(async () => {
    hashes.stop();
    await app.close();
  });

  const change = (caller: Caller, body: object) => caller.send('POST', '/api/password/', body);
  const login = async ({ username }: Caller, password: string) =>
    (await app.post('/api/login/', { username, password })).status;

  it('replaces the old password', async () => {
    const ada = await app.newUser();
    const { status, raw } = await change(ada, { current_password: PASSWORD, new_password: NEW });
    expect([status, raw]).toEqual([204, '']);
    expect([await login(ada, NEW), await login(ada, PASSWORD)]).toEqual([200, 400]);
  });

  it('refuses a wrong old password and changes nothing', async () => {
    const ada = await app.newUser();
    const { status, body } = await change(ada, { current_password: NEW, new_password: NEW });
    expect([status, body]).toEqual([400, { current_password: ['The password is wrong.'] }]);
    expect([await login(ada, PASSWORD), await login(ada, NEW)]).toEqual([200, 400]);
  });

  it.each([
    [{ current_password: PASSWORD }, 'new_password'],
    [{ new_password: NEW }, 'current_password'],
    [{ current_password: PASSWORD, new_password: 'password' }, 'new_password'],
    [{ current_password: PASSWORD, new_password: '7419' }, 'new_password'],
    [{ current_password: PASSWORD, new_password: 'x'.repeat(129) }, 'new_password'],
    [{ current_password: PASSWORD, new_password: ['An0ther-pass-2'] }, 'new_password'],
    [{ current_password: 'wrong', new_password: 'password' }, 'new_password'],
  ])('refuses %j without a hash, and changes nothing', async (body, field) => {
    const ada = await app.newUser();
    const work = await hashes.during(async () => {
      const { status, body: answer } = await change(ada, body);
      expect([status, Object.keys(answer as object)]).toEqual([400, [field]]);
    });
    expect(work).toBe(0);
    expect(await login(ada, PASSWORD)).toBe(200);
  });

  it('refuses a password that resembles the username or the address', async () => {
    const ada = await app.newUser({ username: `countess-${kind}` });
    await ada.send('PATCH', '/api/me/', { email: 'lovelace.analytical@example.com' });
    for (const password of [`countess-${kind}1`, 'lovelace.analytical']) {
      const body = { current_password: PASSWORD, new_password: password };
      expect((await change(ada, body)).body.new_password).toHaveLength(1);
    }
    expect(await login(ada, PASSWORD)).toBe(200);
  });

  it('accepts one of two changes at once and refuses the other', async () => {
    const ada = await app.newUser();
    const wished = [NEW, 'Yet-an0ther-pass-3'];
    const answers = await Promise.all(
      wished.map((password) => change(ada, { current_password: PASSWORD, new_password: password })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 400]);
    const kept = wished[answers.findIndex(({ status }) => status === 204)] ?? '';
    const lost = wished[answers.findIndex(({ status }) => status === 400)] ?? '';
    expect([await login(ada, kept), await login(ada, lost)]).toEqual([200, 400]);
  });
});
