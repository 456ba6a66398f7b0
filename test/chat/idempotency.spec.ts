import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { TestApp } from '../support/app.js';
import { type Answer, type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { StatementLog } from '../support/statement-log.js';
import { until } from '../support/until.js';
import { untilAnswered } from '../support/until-answered.js';

const RETENTION_SECONDS = 3600;

describe.each(databaseKinds)('Idempotency-Key on POST /api/chat/ on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    const settings = { IDEMPOTENCY_RETENTION_SECONDS: String(RETENTION_SECONDS) };
    app = await TestApp.start(kind, settings);
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  const chat = (caller: Caller, key: string, message = 'once') =>
    caller.chat(message, { 'Idempotency-Key': key });

  const chatUntilAnswered = (caller: Caller, key: string) => untilAnswered(() => chat(caller, key));

  it('makes one call, one charge and one answer for twenty simultaneous requests', async () => {
    const ada = await app.newUser();
    const calls = provider.calls;
    let answers: Answer[] = [];
    const issued = await StatementLog.of(app.nest).during(async () => {
      const twins = Array.from({ length: 20 }, () => chatUntilAnswered(ada, 'twenty'));
      answers = await Promise.all(twins);
    });
    // The other requests wait for the first one without a transaction, for a limited time.
    const written = issued.filter(({ name }) => name.endsWith('.insert'));
    expect(written.filter(({ name }) => /\bholds\b/.test(name)).length).toBeLessThan(20);
    expect(issued.filter(({ name }) => name === 'wallet.hold').length).toBeLessThan(20);
    expect(await app.database.count('holds', `claim_key = 'twenty'`)).toBe(1);
    expect(new Set(answers.map(({ status, raw }) => `${String(status)} ${raw}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    const turns = new Set(answers.map(({ headers }) => headers['turn-id']));
    expect(turns.size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] !== 'true')).toHaveLength(
      1,
    );
    expect(new Set(answers.map(({ headers }) => headers['tokens-balance']))).toEqual(
      new Set(['3900']),
    );
    expect(provider.calls).toBe(calls + 1);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
  });

  it('answers a retry after the first answer was lost, and charges once', async () => {
    const ada = await app.newUser();
    const calls = provider.calls;
    let answerNow: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (answerNow = resolve));
    provider.delayWith(() => gate);
    await sendAndHangUp(ada, 'lost', () => provider.calls > calls);
    answerNow();
    const answer = await chatUntilAnswered(ada, 'lost');
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([200, 'true']);
    expect(provider.calls).toBe(calls + 1);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
  });

  /** Sends a chat and closes the connection when `isAsked` is true, so the answer is lost. */
  const sendAndHangUp = async (caller: Caller, key: string, isAsked: () => boolean) => {
    const body = JSON.stringify({ message: 'once' });
    const outgoing = request(`${app.url}/api/chat/`, {
      method: 'POST',
      headers: {
        Authorization: `Token ${caller.token}`,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'Idempotency-Key': key,
      },
    });
    outgoing.on('error', () => undefined);
    outgoing.end(body);
    await until(() => isAsked());
    outgoing.destroy();
  };

  it('lets waiting requests run after the first one failed: each is refused, and nothing is held', async () => {
    const ada = await app.newUser({ tokens: 0 });
    const calls = provider.calls;
    const answers = await Promise.all(Array.from({ length: 5 }, () => chat(ada, 'poor-twins')));
    const refusals = answers.map(({ status, body }) =>
      status === 409 ? String(body.code) : status,
    );
    expect(refusals).toContain(402);
    // A request that has waited for 100 ms gets a 409.
    expect(
      refusals.filter((refusal) => refusal !== 402 && refusal !== 'idempotency_key_in_use'),
    ).toEqual([]);
    expect((await chat(ada, 'poor-twins')).status).toBe(402);
    // A refused hold was never made, so the sweep must not release it.
    expect(app.nest.get(HoldsService).takeUnreleased()).toEqual([]);
    expect(provider.calls).toBe(calls);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
  });

  it('records the key before it locks the wallet, so that a retry waits without that lock', async () => {
    const ada = await app.newUser();
    const issued = await StatementLog.of(app.nest).during(() => chat(ada, 'order'));
    const names = issued.map(({ name }) => name);
    const steps = names.filter((name) => name === 'wallet.hold' || /\bholds\b.*insert/.test(name));
    expect(steps).toEqual([expect.stringContaining('holds'), 'wallet.hold']);
    // The capture may share a batch, like every capture without a cap. On SQLite it has no company here.
    expect(names.filter((name) => name.includes('.capture'))).toEqual(
      kind === 'sqlite' ? ['wallet.capture'] : ['hold.capture_many', 'wallet.capture_many'],
    );
    expect(await ada.balance()).toBe(3900);
  });

  it('answers 409 while the first request runs', async () => {
    const ada = await app.newUser();
    let answerNow: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (answerNow = resolve));
    const calls = provider.calls;
    provider.delayWith(() => gate);
    const first = chat(ada, 'running');
    await until(() => provider.calls !== calls);
    const second = await chat(ada, 'running');
    expect([second.status, second.body.code]).toEqual([409, 'idempotency_key_in_use']);
    expect(second.headers['retry-after']).toBe('1');
    answerNow();
    expect((await first).status).toBe(200);
    expect(provider.calls).toBe(calls + 1);
    expect(await ada.balance()).toBe(3900);
  });

  it('refuses another body with 422, and charges nothing for it', async () => {
    const ada = await app.newUser();
    await chat(ada, 'other');
    const { status, body } = await chat(ada, 'other', 'something else');
    expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
  });

  it.each(['""', '"open', 'two words', 'a,b', 'x'.repeat(256), `"${'x'.repeat(256)}"`, 'é'])(
    'refuses the malformed key %p with 400',
    async (key) => {
      const ada = await app.newUser();
      const calls = provider.calls;
      const { status, body } = await chat(ada, key);
      expect([status, body.code]).toEqual([400, 'idempotency_key_malformed']);
      expect(provider.calls).toBe(calls);
      expect(await ada.balance()).toBe(4000);
    },
  );

  it('treats a bare and a quoted key as the same key', async () => {
    const ada = await app.newUser();
    await chat(ada, 'k-1');
    expect((await chat(ada, '"k-1"')).headers['idempotent-replayed']).toBe('true');
    expect((await chat(ada, `"${'x'.repeat(255)}"`)).status).toBe(200);
    expect(await ada.balance()).toBe(3800);
  });

  it('keeps the keys of two owners apart', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const [one, other] = [await chat(ada, 'shared'), await chat(bob, 'shared')];
    expect([one.status, other.status]).toEqual([200, 200]);
    expect(other.headers['idempotent-replayed']).toBeUndefined();
    expect([await ada.balance(), await bob.balance()]).toEqual([3900, 3900]);
  });

  it('keeps the keys of two routes apart', async () => {
    const ada = await app.newUser();
    const question = { model: 'echo', messages: [{ role: 'user', content: 'once' }] };
    const asOpenAi = () =>
      ada.send('POST', '/v1/chat/completions', question, { 'Idempotency-Key': 'two-routes' });
    const both = [await chat(ada, 'two-routes'), await asOpenAi(), await asOpenAi()];
    expect(both.map(({ status, headers }) => [status, headers['idempotent-replayed']])).toEqual([
      [200, undefined],
      [200, undefined],
      [200, 'true'],
    ]);
    expect(await ada.balance()).toBe(3800);
    expect(await ada.history()).toHaveLength(2);
  });

  it('does not store a refusal: the key is free again after a 402', async () => {
    const ada = await app.newUser({ tokens: 0 });
    expect((await chat(ada, 'poor')).status).toBe(402);
    await app.database.rows(
      `UPDATE wallets SET balance = 100, entry_count = 1 WHERE owner_id = (SELECT id FROM users WHERE username = $1)`,
      [ada.username],
    );
    await app.database.rows(
      `INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, created_at)
       SELECT id, id, 1, 'grant', 100, 100, 'a gift', 0 FROM users WHERE username = $1`,
      [ada.username],
    );
    expect((await chat(ada, 'poor')).status).toBe(200);
    expect(await ada.balance()).toBe(0);
  });

  it('charges nothing if the provider fails, and lets the key run again', async () => {
    const ada = await app.newUser();
    provider.delayWith(() => Promise.reject(new Error('provider down: secret detail')));
    const failed = await chat(ada, 'retry');
    expect([failed.status, failed.raw]).toEqual([
      502,
      '{"detail":"The model did not answer. Nothing was charged.","code":"provider_failed"}',
    ]);
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toMatchObject([{ response: '', tokens: 0, status: 'failed' }]);
    provider.delayWith(undefined);
    const { status, headers } = await chat(ada, 'retry');
    expect([status, headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect(await ada.balance()).toBe(3900);
  });

  it('deletes a key after its retention, and charges its next use', async () => {
    const ada = await app.newUser();
    await chat(ada, 'old');
    const past = (Date.now() - (RETENTION_SECONDS + 60) * 1000) * 1000;
    await app.database.rows(`UPDATE holds SET created_at = $1 WHERE claim_key = 'old'`, [past]);
    await app.nest.get(HoldSweeper).sweep();
    const { status, headers } = await chat(ada, 'old');
    expect([status, headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect(await ada.balance()).toBe(3800);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
