/**
 * The slowest files, as the end of a run prints them, in the order in which they start: the longest first, and files that
 * mostly wait (for a second's delay, a lock, a model) between files that compute, so that neither core is idle. The first
 * one is not slow if it begins early: it collects the garbage of its worker, which grows with each file.
 */
export const START_ORDER = [
  'test/models/abandoned.spec.ts',
  'test/limits/login.spec.ts',
  'test/pages/web-small.spec.ts',
  'test/processes/commands.sqlite.spec.ts',
  'test/pages/docs-page.spec.ts',
  'test/limits/flood.spec.ts',
  'test/processes/crash.postgres.spec.ts',
  'test/processes/crash.sqlite.spec.ts',
  'test/pages/web-wide.spec.ts',
  'test/chat/disconnects.sqlite.spec.ts',
  'test/http/unread.spec.ts',
  'test/processes/operations.spec.ts',
  'test/models/misbehaviour.spec.ts',
  'test/database/unreachable.spec.ts',
  'test/conversations/search.spec.ts',
  'test/transfer/backup.spec.ts',
  'test/wallet/hold-sweeper.spec.ts',
  'test/transfer/move.spec.ts',
  'test/processes/processes.spec.ts',
  'test/database/locked.spec.ts',
  'test/pages/web-access.spec.ts',
  'test/database/migrations.spec.ts',
  'test/database/busy-pool.spec.ts',
  'test/auth/passwords.spec.ts',
  'test/accounts/sessions.spec.ts',
  'test/processes/lost-process.spec.ts',
  'test/conversations/deletion.spec.ts',
  'test/chat/disconnects.postgres.spec.ts',
  'test/django/import.spec.ts',
];
