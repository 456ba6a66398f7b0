import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runIn } from '../support/command.js';
import { createDatabase, createMigrated, databaseKinds, Inspector } from '../support/databases.js';
import { DjangoDatabase } from '../support/django.js';
import { Service } from '../support/service.js';
import { until } from '../support/until.js';

/** Each command is a process, which takes seconds to start on a busy machine. */
const COMMANDS_TIMEOUT_MS = 300_000;

describe('tallychat backup, restore, move and import-django', () => {
  let folder: string;
  let service: Service;

  const DATABASE_URL = () => `sqlite:${join(folder, 'live.sqlite')}`;
  const run = (...words: string[]) => runIn(folder, { DATABASE_URL: DATABASE_URL() }, ...words);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tallychat-transfer-'));
    service = await Service.start({ DATABASE_URL: DATABASE_URL() });
  });
  afterAll(async () => {
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('import and back up while the service runs, and report what they did', async () => {
    const django = await DjangoDatabase.create('sqlite');
    await django.addUser({ id: 1, username: 'alice' });
    await django.addUser({ id: 2, username: 'Alice' });
    const source = django.url.slice('sqlite:'.length);
    const refused = await run('import-django', source);
    expect([refused.code, refused.stdout]).toEqual([
      1,
      expect.stringMatching(/^nothing was imported: mend these, or give --skip/),
    ]);
    const partly = await run(
      'admin',
      'import-django',
      source,
      '--skip',
      '--messages-table',
      'none',
    );
    expect([partly.code, partly.stdout]).toEqual([
      1,
      expect.stringMatching(
        /^imported: 1 users, 0 tokens, 0 messages, a balance of 4000\nleft out: /,
      ),
    ]);
    await django.drop();
    const inspector = await Inspector.open(DATABASE_URL());
    const trail = await inspector.rows(
      'SELECT operator_id, action, target_id, reason FROM trail_entries',
    );
    await inspector.close();
    expect(trail).toEqual([
      { operator_id: null, action: 'import_people', target_id: 'Django', reason: '1 people' },
    ]);
    const client = await service.client();
    const login = await client.send({
      method: 'POST',
      path: '/api/login/',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'alice', password: 'Str0ng-pass-1' }),
    });
    client.close();
    expect(login.status).toBe(200);
    const done = await run('admin', 'backup', 'tonight.sqlite');
    expect([done.code, done.stdout]).toEqual([
      0,
      `backed up to ${join(folder, 'tonight.sqlite')}: 1 wallets, 1 ledger entries\n`,
    ]);
    const again = await run('backup', 'tonight.sqlite');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('backup: ')]);
    expect((await run('backup', 'tonight.sqlite', '--replace')).code).toBe(0);
  });

  it('refuse to restore over a served file, and restore otherwise', async () => {
    const served = await run('restore', 'tonight.sqlite', '--replace');
    expect([served.code, served.stderr]).toEqual([
      1,
      expect.stringContaining('restore: another process serves'),
    ]);
    const elsewhere = { DATABASE_URL: `sqlite:${join(folder, 'new', 'restored.sqlite')}` };
    const restored = await runIn(folder, elsewhere, 'restore', 'tonight.sqlite');
    expect([restored.code, restored.stdout]).toEqual([
      0,
      `restored ${join(folder, 'tonight.sqlite')}: 1 wallets, 1 ledger entries\n`,
    ]);
    expect((await runIn(folder, elsewhere, 'audit')).code).toBe(0);
  });

  it.each(databaseKinds.filter((kind) => kind === 'postgres'))(
    'move to %s after the service has stopped',
    async (kind) => {
      const target = await createDatabase(kind);
      const busy = await run('move', DATABASE_URL(), target.url);
      expect([busy.code, busy.stderr]).toEqual([
        1,
        expect.stringContaining('another process serves'),
      ]);
      service.kill('SIGTERM');
      expect((await service.ended).code).toBe(0);
      const moved = await run('move', DATABASE_URL(), target.url);
      expect([moved.code, moved.stdout]).toEqual([
        0,
        'moved and compared: 1 wallets, 1 ledger entries\n',
      ]);
      expect((await runIn(folder, { DATABASE_URL: target.url }, 'audit')).code).toBe(0);
      const backup = await runIn(folder, { DATABASE_URL: target.url }, 'backup', 'pg');
      expect([backup.code, backup.stderr]).toEqual([1, expect.stringContaining('pg_dump')]);
      await expect(stat(join(folder, 'pg'))).rejects.toThrow('ENOENT');
      await target.drop();
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('leave no partial copy after %s', async (signal) => {
    const source = await createMigrated('sqlite');
    const inspector = await Inspector.open(source.url);
    await inspector.rows('PRAGMA journal_mode = DELETE');
    // The copy waits for this lock until it is released.
    await inspector.rows('BEGIN EXCLUSIVE');
    const command = [process.execPath, resolve('bin/tallychat.js'), 'backup', 'copy.sqlite'];
    const backup = await Service.launch({ DATABASE_URL: source.url }, { command });
    const copies = async () =>
      (await readdir(backup.folder)).filter((name) => name.startsWith('copy.sqlite'));
    await until(async () => (await copies()).length > 0);
    backup.kill(signal);
    expect(await backup.ended).toEqual({ code: null, signal });
    expect(await copies()).toEqual([]);
    await backup.remove();
    await inspector.rows('ROLLBACK');
    await inspector.close();
    await source.drop();
  });

  it(
    'do nothing for unknown arguments',
    async () => {
      const wrong = [
        ['move', 'live.sqlite', 'postgres://tally@127.0.0.1/x'],
        ['move', DATABASE_URL()],
        ['move', DATABASE_URL(), 'sqlite: x.sqlite'],
        ['move', DATABASE_URL(), 'sqlite://x.sqlite'],
        ['backup'],
        ['backup', 'a', '--force'],
        ['restore', ''],
        ['import-django', 'a', '--users-table'],
        ['import-django', 'postgres://'],
        ['import-django', 'sqlite://a'],
      ];
      for (const words of wrong) expect((await run(...words)).code).toBe(2);
      // Both addresses of the host refuse the connection.
      const away = await run('import-django', 'postgres://old:s3kret@localhost:1/old');
      expect([away.code, away.stderr]).toEqual([
        1,
        expect.stringMatching(
          /^database: .*\nimport-django: The database postgres:\/\/old@localhost:1\/old does not open: .+\n$/,
        ),
      ]);
      const missing = await runIn(
        folder,
        { DATABASE_URL: 'sqlite:gone.sqlite' },
        'backup',
        'b.sqlite',
      );
      expect([missing.code, missing.stderr]).toEqual([
        1,
        expect.stringContaining('no such database'),
      ]);
    },
    COMMANDS_TIMEOUT_MS,
  );
});
