import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WalletService } from '../../src/wallet/wallet.service.js';
import { upToTheLimit } from '../support/behaviours.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { stageModels } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';

const MESSAGE = 'How are you?';
/** The model tokens of the prompt that are held, at 1 each. A model token of the answer costs 2. */
const PROMPT = 20;
const LEAST = PROMPT + 2;

describe.each(databaseKinds)('a balance that changes before the hold, on %s', (kind) => {
  const stage = stageModels(kind, { wordy: upToTheLimit(PROMPT) });
  /** How often the balance was read for a hold, and what happens after each time. */
  let reads = 0;
  let afterRead: (() => Promise<unknown>) | undefined;

  beforeAll(() => {
    const wallets = stage.app.nest.get(WalletService);
    const spendable = wallets.spendable.bind(wallets);
    wallets.spendable = async (...owner) => {
      const amount = await spendable(...owner);
      reads += 1;
      await afterRead?.();
      return amount;
    };
  });
  beforeEach(() => {
    reads = 0;
    stage.upstream.calls.length = 0;
  });
  afterEach(async () => {
    afterRead = undefined;
    expect(await stage.app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  });

  const ask = (caller: Caller, model = 'metered:wordy'): Promise<Answer> =>
    caller.send('POST', '/api/chat/', { message: MESSAGE, model });
  const asked = () => stage.upstream.calls.map(({ body }) => body['max_tokens']);

  it('shortens the answer again, and charges it once', async () => {
    // All of the balance would be held: 94 model tokens of the answer.
    const ada = await stage.app.newUser({ tokens: 208 });
    afterRead = async () => {
      afterRead = undefined;
      expect((await ask(ada, 'flat:wordy')).headers['tokens-charged']).toBe('100');
    };
    const { status, headers } = await ask(ada);
    expect([status, headers['tokens-charged'], reads]).toEqual([200, '108', 2]);
    expect(asked()).toEqual([500, 44]);
    expect([await ada.balance(), (await ada.history()).length]).toEqual([0, 2]);
  });

  it('refuses after three attempts, without a call or a charge', async () => {
    const ada = await stage.app.newUser({ tokens: 428 });
    afterRead = () => ask(ada, 'flat:wordy');
    const { status, body } = await ask(ada);
    expect([status, body, reads]).toEqual([402, { error: 'Insufficient tokens' }, 3]);
    expect(asked()).toEqual([500, 500, 500]);
    expect([await ada.balance(), (await ada.history()).length]).toEqual([128, 3]);
  });

  it('is not read again if it did not cover one model token', async () => {
    const ada = await stage.app.newUser({ tokens: LEAST - 1 });
    const { status, headers } = await ask(ada);
    expect([status, headers['tokens-required'], reads]).toEqual([402, String(LEAST), 1]);
    expect([asked(), await ada.balance()]).toEqual([[], LEAST - 1]);
  });

  it('is not read for a flat price, and one hold is tried', async () => {
    const ada = await stage.app.newUser({ tokens: 99 });
    const log = StatementLog.of(stage.app.nest);
    let answer: Answer | undefined;
    const statements = await log.during(async () => (answer = await ask(ada, 'flat:wordy')));
    expect(answer?.status).toBe(402);
    expect(statements.filter(({ name }) => name === 'wallet.hold')).toHaveLength(1);
    expect([reads, asked(), await ada.balance()]).toEqual([0, [], 99]);
  });
});
