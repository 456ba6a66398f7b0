import { describe, expect, it } from '@jest/globals';
import { LOGIN_REFUSED } from '../../src/auth/login.service.js';
import { DUMMY_PASSWORD } from '../../src/auth/passwords/password-hasher.js';
import { DjangoImport } from '../../src/django/django-import.service.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { DjangoDatabase, djangoHash } from '../support/django.js';
import { HashGate } from '../support/hash-gate.js';
import { until } from '../support/until.js';

const NO_SKIP = { skip: false };

describe('logins of users imported from Django', () => {
  it('wait in the same queue of hashes as others, which refuses requests beyond its bound', async () => {
    const django = await DjangoDatabase.create('sqlite');
    const app = await TestApp.start('sqlite', { HASH_CONCURRENCY: '1', HASH_QUEUE_MAX: '2' });
    const password = djangoHash(PASSWORD, 500_000);
    for (const id of [1, 2, 3, 4]) {
      await django.addUser({ id, username: `user${String(id)}`, password });
    }
    await app.nest.get(DjangoImport).run(django.url, NO_SKIP);
    const gate = new HashGate(app.nest);
    let refused = 0;
    const logins = [1, 2, 3, 4].map(async (id) => {
      const body = { username: `user${String(id)}`, password: PASSWORD };
      const { status } = await app.post('/api/login/', body);
      if (status === 503) refused += 1;
      return status;
    });
    // The first one waits in the line of new networks, two others in the line of networks that have tried.
    await until(() => refused === 1);
    gate.open();
    expect((await Promise.all(logins)).toSorted()).toEqual([200, 200, 200, 503]);
    const later = await app.post('/api/login/', { username: 'user4', password: PASSWORD });
    expect(later.status).toBe(200);
    await app.close();
    await django.drop();
  });

  it('are refused, like a wrong password, if the user has no password that is supported here', async () => {
    const django = await DjangoDatabase.create('sqlite');
    const app = await TestApp.start('sqlite');
    await django.addUser({ id: 1, username: 'unusable', password: `!${'x'.repeat(40)}` });
    await app.nest.get(DjangoImport).run(django.url, NO_SKIP);
    // The last one is the password of the hash that is compared in place of a missing one.
    for (const password of ['!', PASSWORD, DUMMY_PASSWORD]) {
      const { status, body } = await app.post('/api/login/', { username: 'unusable', password });
      expect([status, body]).toEqual([400, { non_field_errors: [LOGIN_REFUSED] }]);
    }
    expect(await app.database.count('access_tokens')).toBe(0);
    await app.close();
    await django.drop();
  });
});
