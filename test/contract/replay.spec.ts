import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toJson } from '../../src/drf/json.js';
import { TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { sample } from '../support/full-effort.js';
import { expected, ownHeaders, comparable } from './compare.js';
import { deviations, headerDeviations, recordedCases, type RecordedCase } from './recorded.js';
import { send, setStage, usersOf } from './stage.js';

const deviationsByName = new Map(deviations.map((deviation) => [deviation.name, deviation]));

/** Returns the expected answer: the recorded one, or the one in the table of deviations. */
function ownHeadersOf({ name, request, response, after }: RecordedCase) {
  const row = deviationsByName.get(name);
  const headers = ownHeaders(request.path, response.headers);
  if (!row) return { answer: { ...response, headers }, after };
  const { status, body } = row;
  const allow = headers['allow'];
  const plain = { 'content-type': 'application/json', ...(allow !== undefined && { allow }) };
  return { answer: { status, body, headers: plain }, after: row.after ?? after };
}

/** JSON is on one line and has the reference's escapes, unless the case records other bytes. */
function expectBytes({ raw, body }: Answer, { response }: RecordedCase): void {
  if (raw !== '') expect(raw).toBe(response.raw ?? toJson(body));
}

describe('deviations.md', () => {
  it('lists only recorded cases, each once', () => {
    const names = deviations.map(({ name }) => name);
    expect(names.filter((name) => !recordedCases.some((one) => one.name === name))).toEqual([]);
    expect(names).toHaveLength(deviationsByName.size);
  });

  it.each(headerDeviations)('describes $header below $path as recorded', (row) => {
    const recorded = recordedCases.filter(({ request }) => request.path.startsWith(row.path));
    expect(recorded.map(({ response }) => response.headers[row.header])).toContain(row.recorded);
    expect(row.here).not.toBe(row.recorded);
  });
});

describe.each(databaseKinds)('the recorded cases on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind, { RATE_LIMITS: 'off' });
  });
  afterAll(() => app.close());

  const tried = sample('recorded cases', kind === 'sqlite' ? 1 : 4, recordedCases);
  it.each(tried)('$name', async (recorded) => {
    const placeholders = await setStage(app, recorded);
    const answer = await send(app, recorded.request, placeholders);
    const after = await usersOf(app);

    const wanted = ownHeadersOf(recorded);
    const wantedHere = expected(wanted.answer, placeholders);
    expect(comparable(answer, wantedHere, placeholders)).toEqual(wantedHere);
    expect(after).toEqual(wanted.after);
    expectBytes(answer, recorded);
    expect(await app.database.unbalancedWallets()).toEqual([]);
    if (!deviationsByName.has(recorded.name)) return;
    const reference = expected(recorded.response, placeholders);
    const same = comparable(answer, reference, placeholders);
    const differs = same.status !== reference.status || same.body !== reference.body;
    // If a listed case no longer differs, its row must be removed.
    expect([recorded.name, differs]).toEqual([recorded.name, true]);
  });
});
