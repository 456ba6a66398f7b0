/** The specs that hold the money, the quickest first: a mutant is given up at the first that fails. */
export const SPECS = [
  'src/database/instant.spec.ts',
  'src/wallet/amount.spec.ts',
  'src/wallet/claim.spec.ts',
  'test/wallet.spec.ts',
  'test/isolation.spec.ts',
  'test/group-commit.spec.ts',
  'test/audit.spec.ts',
  'test/redeem.spec.ts',
  'test/usage.spec.ts',
  'test/idempotency.spec.ts',
  'test/deadlock.spec.ts',
  'test/process-lease.spec.ts',
  'test/hold-sweeper.spec.ts',
  'test/admin.spec.ts',
  'test/limits.spec.ts',
  'test/last-tokens.spec.ts',
];
