import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { SECOND_MICROS } from '../../src/time.js';
import { Hold } from '../../src/wallet/holds/hold.entity.js';
import { LedgerEntry } from '../../src/wallet/ledger-entry.entity.js';
import { OldRows } from '../../src/wallet/old-rows.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { stopClockAt } from '../support/fixed-clock.js';
import { entry, hold, wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';

const NOW = Date.UTC(2026, 4, 31, 12) + 500;
const KEY_RETENTION_SECONDS = 600;
const CONFIG = {
  idempotencyRetentionSeconds: KEY_RETENTION_SECONDS,
  answerTimeoutSeconds: 100,
  holdLifetimeSeconds: 20,
} as Config;
/** Holds that charged nothing stay an hour longer than they may be open. */
const UNPAID_RETENTION_SECONDS = 3600 + 100 + 20;

const secondsAgo = (seconds: number) => NOW * 1000 - seconds * SECOND_MICROS;

describe('old rows', () => {
  stopClockAt(NOW);
  const stage = stageUnits('sqlite');
  let oldRows: OldRows;
  let log: StatementLog;

  beforeAll(() => {
    oldRows = new OldRows(stage.reader, stage.units, CONFIG);
    log = new StatementLog([stage.database]);
  });
  beforeEach(() =>
    stage.units.run((tx) => {
      tx.insertLater(Wallet, wallet('ada'));
    }),
  );

  const key = (name: string) => ({
    idempotencyRoute: 'chat',
    idempotencyKey: name,
    idempotencyHash: 'h',
  });
  const insert = (holds: Hold[], entries: LedgerEntry[] = []) =>
    stage.units.run((tx) => {
      for (const one of holds) tx.insertLater(Hold, one);
      for (const one of entries) tx.insertLater(LedgerEntry, one);
    });
  const keyed = (table: string) =>
    stage.reader.read(
      `SELECT id FROM ${table} WHERE claim_route = 'chat' AND claim_key IS NOT NULL AND claim_hash = 'h' ORDER BY id`,
      [],
    );
  const holdIds = () => stage.reader.read('SELECT id FROM holds ORDER BY id', []);

  it('lose their keys when these are past their retention, and an open hold keeps its key', async () => {
    const older = secondsAgo(KEY_RETENTION_SECONDS + 1);
    const younger = secondsAgo(KEY_RETENTION_SECONDS - 1);
    const paid = { state: 'captured', capturedAmount: 1, resolvedAt: older } as const;
    await insert(
      [
        hold('old', 'ada', { ...paid, ...key('old'), createdAt: older }),
        hold('open', 'ada', { ...key('open'), createdAt: older }),
        hold('young', 'ada', { ...paid, ...key('young'), createdAt: younger }),
      ],
      [
        entry('ada', 1, { ...key('old'), createdAt: older }),
        entry('ada', 2, { ...key('young'), createdAt: younger }),
      ],
    );
    await oldRows.forget();
    expect(await keyed('holds')).toEqual([{ id: 'open' }, { id: 'young' }]);
    expect(await keyed('ledger_entries')).toEqual([{ id: 'ada 2' }]);
    const [old] = await stage.reader.read(
      `SELECT claim_route AS route, claim_key AS "key", claim_hash AS hash FROM holds WHERE id = 'old'`,
      [],
    );
    expect(old).toEqual({ route: null, key: null, hash: null });
    expect(await holdIds()).toEqual([{ id: 'old' }, { id: 'open' }, { id: 'young' }]);
  });

  it('of holds that charged nothing are deleted an hour after their lifetime', async () => {
    const older = secondsAgo(UNPAID_RETENTION_SECONDS + 1);
    const younger = secondsAgo(UNPAID_RETENTION_SECONDS - 1);
    const released = { state: 'released', createdAt: older } as const;
    await insert([
      hold('expired', 'ada', { state: 'expired', createdAt: older, resolvedAt: older }),
      hold('keyed', 'ada', { ...released, ...key('k'), createdAt: NOW * 1000, resolvedAt: older }),
      hold('open', 'ada', { createdAt: older, resolvedAt: older }),
      hold('paid', 'ada', { state: 'captured', capturedAmount: 1, resolvedAt: older }),
      hold('released', 'ada', { ...released, resolvedAt: older }),
      hold('young', 'ada', { ...released, resolvedAt: younger }),
    ]);
    await oldRows.forget();
    expect(await holdIds()).toEqual(['keyed', 'open', 'paid', 'young'].map((id) => ({ id })));
  });

  it('of a busy time are all changed, in several units', async () => {
    const COUNT = 1200;
    const older = secondsAgo(UNPAID_RETENTION_SECONDS + 1);
    const ids = Array.from({ length: COUNT }, (_, n) => String(n));
    const released = { state: 'released', createdAt: older, resolvedAt: older } as const;
    await insert(
      [
        ...ids.map((id) => hold(`free ${id}`, 'ada', { ...released, ...key(id) })),
        hold('open', 'ada', { ...key('open'), createdAt: older }),
      ],
      ids.map((id, n) => entry('ada', n + 1, { ...key(id), createdAt: older })),
    );
    const names = (await log.during(() => oldRows.forget())).map(({ name }) => name);
    expect(names.filter((name) => name === 'idempotency.forget')).toHaveLength(6);
    expect(names.filter((name) => name === 'hold.forget')).toHaveLength(3);
    expect(await keyed('holds')).toEqual([{ id: 'open' }]);
    expect(await keyed('ledger_entries')).toEqual([]);
    expect(await holdIds()).toEqual([{ id: 'open' }]);
  });

  it('are looked up by reads alone, without a write, if there are none', async () => {
    await insert([hold('open', 'ada')], [entry('ada', 1)]);
    const names = (await log.during(() => oldRows.forget())).map(({ name }) => name);
    expect(names).toEqual(['idempotency.old', 'idempotency.old', 'hold.unpaid']);
  });
});
