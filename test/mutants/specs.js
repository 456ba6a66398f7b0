/** The specs that test the money, the quickest first: a mutant is finished at its first failing test. */
const ALL = [
  'src/time.spec.ts',
  'src/database/transactions/batch-loader.spec.ts',
  'src/wallet/amount.spec.ts',
  'src/wallet/holds/late-settlements.spec.ts',
  'src/wallet/idempotency-record.spec.ts',
  'src/wallet/idempotency.service.spec.ts',
  'test/wallet/sweep-rounds.spec.ts',
  'test/wallet/caps.spec.ts',
  'test/wallet/hold-rows.spec.ts',
  'test/wallet/holds.spec.ts',
  'test/wallet/old-rows.spec.ts',
  'test/wallet/spend-refusals.spec.ts',
  'test/wallet/wallet-checker.spec.ts',
  'test/database/sqlite-runner.spec.ts',
  'test/database/statements.spec.ts',
  'test/database/unit-of-work.spec.ts',
  'test/database/unit-retries.spec.ts',
  'test/database/opening.spec.ts',
  'test/database/lost-connection.spec.ts',
  'test/wallet/wallet.spec.ts',
  'test/database/isolation.spec.ts',
  'test/wallet/wallet-rows.spec.ts',
  'test/database/batched-transaction.spec.ts',
  'test/wallet/charges.spec.ts',
  'test/database/group-commit.spec.ts',
  'test/wallet/audit.spec.ts',
  'test/keys/caps.spec.ts',
  'test/wallet/redeem.spec.ts',
  'test/usage/usage.spec.ts',
  'test/chat/idempotency.spec.ts',
  'test/wallet/deadlock.spec.ts',
  'test/database/process-lease.spec.ts',
  'test/wallet/batched-holds.spec.ts',
  'test/wallet/hold-sweeper.spec.ts',
  'test/admin/admin.spec.ts',
  'test/wallet/daily-limit.spec.ts',
  'test/keys/caps-together.spec.ts',
  'test/limits/storage.spec.ts',
  'test/chat/last-tokens.spec.ts',
  'test/conversations/deletion.spec.ts',
  'test/accounts/deletion.spec.ts',
  'test/chat/key-retention.spec.ts',
  'test/limits/failing-model.spec.ts',
];

/** The specs of files that a run without `--mutate` does not break, and that need others than those above. */
const OF_FILE = {
  'src/chat/answer-hold.service.ts': [
    'test/chat/last-tokens.spec.ts',
    'test/chat/outdated-balance.spec.ts',
    'test/chat/outdated-context.spec.ts',
    'test/chat/stream.spec.ts',
    'test/chat/idempotency.spec.ts',
    'test/conversations/conversation-messages.spec.ts',
    'test/database/lost-connection.spec.ts',
    'test/database/query-counts.spec.ts',
    'test/keys/caps.spec.ts',
    'test/limits/storage.spec.ts',
    'test/models/fallbacks.spec.ts',
    'test/responses/storing.spec.ts',
  ],
  'src/chat/chat.service.ts': [
    'test/chat/attempts.spec.ts',
    'test/chat/outdated-context.spec.ts',
    'test/chat/chat.spec.ts',
    'test/chat/idempotency.spec.ts',
    'test/database/query-counts.spec.ts',
    'test/responses/responses.spec.ts',
  ],
  'src/chat/planner.ts': ['test/chat/planner.spec.ts'],
  'src/chat/running-answers.ts': ['test/chat/running-answers.spec.ts'],
  'src/chat/stop.service.ts': ['test/chat/stop.spec.ts', 'test/chat/waiting-stop.spec.ts'],
};

/** Selects the specs of the file, or of its lines, that `--mutate` names. The processes of the run inherit the choice. */
export function selectSpecs(words) {
  const option = words.indexOf('--mutate');
  const [file] = (option < 0 ? '' : (words[option + 1] ?? '')).split(':');
  if (file in OF_FILE) process.env.MUTANT_SPECS ??= OF_FILE[file].join(' ');
}

/** `MUTANT_SPECS` names other specs, separated by spaces: for a file that these do not cover, or to be quicker. */
export const SPECS = process.env.MUTANT_SPECS?.match(/\S+/g) ?? ALL;
