import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';

describe.each(databaseKinds)('/api/me/ on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  it('returns the caller’s own fields and nothing more', async () => {
    const ada = await app.newUser();
    const { status, body, headers } = await ada.get('/api/me/');
    expect([status, body]).toEqual([
      200,
      {
        id: await app.ownerOf(ada),
        username: ada.username,
        email: '',
        is_staff: false,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      },
    ]);
    expect(headers['allow']).toBe('GET, PATCH, DELETE, HEAD, OPTIONS');
  });

  it('changes the address, its domain in lower case, and no other field', async () => {
    const ada = await app.newUser();
    const before = (await ada.get('/api/me/')).body;
    const wished = {
      email: 'Ada@EXAMPLE.org',
      id: '00000000-0000-7000-8000-000000000000',
      username: 'root',
      is_staff: true,
      is_active: false,
      password: 'An0ther-pass-2',
      created_at: '2001-01-01T00:00:00.000000Z',
    };
    const { status, body } = await ada.send('PATCH', '/api/me/', wished);
    expect([status, body]).toEqual([200, { ...before, email: 'Ada@example.org' }]);
    expect((await ada.get('/api/me/')).body).toEqual(body);
    for (const nothing of [{}, { email: null }]) {
      const unchanged = await ada.send('PATCH', '/api/me/', nothing);
      expect([unchanged.status, unchanged.body]).toEqual([200, body]);
    }
    expect((await ada.get('/api/admin/users/')).status).toBe(403);
    expect(await ada.balance()).toBe(4000);
  });

  it.each([[{ email: 'nobody' }], [{ email: 7 }], [{ email: `${'a'.repeat(300)}@example.com` }]])(
    'refuses the address %j, and keeps the old one',
    async (change) => {
      const ada = await app.newUser();
      await ada.send('PATCH', '/api/me/', { email: 'ada@example.com' });
      const { status, body } = await ada.send('PATCH', '/api/me/', change);
      expect([status, Object.keys(body as object)]).toEqual([400, ['email']]);
      expect((await ada.get('/api/me/')).body.email).toBe('ada@example.com');
    },
  );
});

describe('REGISTRATION=closed', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { REGISTRATION: 'closed' });
  });
  afterAll(() => app.close());

  it('refuses every registration and creates no user', async () => {
    const bodies = [{ username: 'ada', password: 'Str0ng-pass-1' }, {}, { username: '' }];
    for (const body of bodies) {
      const answer = await app.post('/api/register/', body);
      expect([answer.status, answer.body]).toEqual([
        403,
        { detail: 'Registration is closed.', code: 'registration_closed' },
      ]);
    }
    for (const table of ['users', 'wallets', 'access_tokens']) {
      expect(await app.database.count(table)).toBe(0);
    }
  });
});
