import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataArgsStorage } from 'typeorm';
import { entities } from '../../src/entities.js';
import { NEEDED_RIGHTS } from '../../src/database/rights.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { codeFiles } from '../support/code-files.js';
import {
  createMigrated,
  databaseKinds,
  Inspector,
  onServer,
  type TestDatabase,
} from '../support/databases.js';

/** Patterns for statements that change or delete rows, in all files that run while the service serves. */
const STATEMENTS = {
  UPDATE: [/\bUPDATE\s+([a-z_]+)\s+SET\b/g, /\bINSERT INTO\s+([a-z_]+)[^`]*?\bDO UPDATE\b/g],
  DELETE: [/\bDELETE FROM\s+([a-z_]+)/g],
} as const;

/** Matches calls of TypeORM's repositories: `(await tx.repository(User)).update(…)`, or through a variable. */
const REPOSITORY = /(?:const (\w+) = await |\(await )tx\.repository\((\w+)\)\)?(?:\s*\.(\w+)\()?/g;
const READS = ['countBy', 'findOneBy', 'findOneByOrFail'];

const tableOf = (entityName: string) => {
  const entity = entities.find(({ name }) => name === entityName);
  return getMetadataArgsStorage().tables.find(({ target }) => target === entity)?.name ?? '';
};

/** Returns the tables that repositories change, with the name of the method. Leaves out methods that only read. */
function changedByRepositories(text: string): { method: string; table: string }[] {
  return [...text.matchAll(REPOSITORY)].flatMap(([, variable, entity = '', method]) => {
    const called = variable
      ? [...text.matchAll(new RegExp(`\\b${variable}\\.(\\w+)\\(`, 'g'))].map(([, name]) => name)
      : [method];
    return called
      .map((name = 'none') => ({ method: name, table: tableOf(entity) }))
      .filter(({ method }) => !READS.includes(method));
  });
}

describe('the rights that a role needs', () => {
  const files = codeFiles().filter(
    ({ path }) => /^src\/.*\.ts$/.test(path) && !/\.spec\.|\/migrations\//.test(path),
  );
  const changed = files.flatMap(({ text }) => changedByRepositories(text));

  it('can be read from what repositories are asked to do', () => {
    const uses = files.flatMap(({ text }) => text.match(/\btx\.repository\(/g) ?? []);
    const read = files.flatMap(({ text }) => text.match(REPOSITORY) ?? []);
    expect(read).toHaveLength(uses.length);
    expect(changed.filter(({ table }) => table === '')).toEqual([]);
    expect(new Set(changed.map(({ method }) => method))).toEqual(new Set(['update', 'delete']));
  });

  it.each(['UPDATE', 'DELETE'] as const)('name the tables of each statement: %s', (right) => {
    const named = files.flatMap(({ text }) =>
      STATEMENTS[right].flatMap((statement) =>
        [...text.matchAll(statement)].map(([, table = '']) => table),
      ),
    );
    const byRepositories = changed
      .filter(({ method }) => method.toUpperCase() === right)
      .map(({ table }) => table);
    expect([...new Set([...named, ...byRepositories])].sort()).toEqual(NEEDED_RIGHTS[right]);
  });
});

describe.each(databaseKinds.filter((kind) => kind === 'postgres'))('a role on %s', (kind) => {
  const role = `tally_${randomBytes(6).toString('hex')}`;
  let owned: TestDatabase;
  let inspector: Inspector;

  beforeAll(async () => {
    owned = await createMigrated(kind);
    inspector = await Inspector.open(owned.url);
    await onServer(`CREATE ROLE ${role}`);
    await inspector.rows(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
  });
  afterAll(async () => {
    await inspector.rows(`DROP OWNED BY ${role}`);
    await inspector.close();
    await owned.drop();
    await onServer(`DROP ROLE ${role}`);
  });

  const serve = () =>
    TestApp.start(kind, {
      DATABASE_URL: `${owned.url}?options=${encodeURIComponent(`-c role=${role}`)}`,
      RATE_LIMITS: 'on',
    });

  it.each([
    ['DELETE', 'turns'],
    ['DELETE', 'rate_counters'],
    ['UPDATE', 'ledger_entries'],
    ['INSERT, SELECT', 'trail_entries'],
  ])('does not serve if it lacks %s on %s', async (right, table) => {
    await inspector.rows(`REVOKE ${right} ON ${table} FROM ${role}`);
    const refusal = `${role} may not read and write the table ${table}: it lacks ${right}`;
    await expect(serve()).rejects.toThrow(refusal);
    await inspector.rows(`GRANT ${right} ON ${table} TO ${role}`);
  });

  it('serves and deletes accounts if it may change only four columns of the ledger', async () => {
    await inspector.rows(`REVOKE UPDATE ON ledger_entries FROM ${role}`);
    const columns = 'claim_route, claim_key, claim_hash, key_name';
    await inspector.rows(`GRANT UPDATE (${columns}) ON ledger_entries TO ${role}`);
    const app = await serve();
    const ada = await app.newUser();
    expect((await ada.chat('hello')).status).toBe(200);
    expect((await ada.send('DELETE', '/api/me/', { password: PASSWORD })).status).toBe(204);
    expect(await inspector.count('turns')).toBe(0);
    await app.close();
  });
});
