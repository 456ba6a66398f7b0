import type { Command } from 'commander';
import { REASON_MAX } from '../admin/reason-max.js';
import { AMOUNT_MAX } from '../wallet/amount.js';
import { nonEmptyText, optionText, textUpTo, wholeNumber } from './arguments.js';

const amount = wholeNumber({ min: 1, max: AMOUNT_MAX });
const reasonText = textUpTo(REASON_MAX);
/** The column's size, and the limit of the header `Idempotency-Key`. */
const keyText = textUpTo(255);

/** Loads the code of the commands only after the arguments are known to be valid. */
const loadActions = () => import('./admin-actions.js');

/** Declares a command about one user. */
function userCommand(parent: Command, name: string, summary: string): Command {
  return parent
    .command(name)
    .description(summary)
    .argument('<username>', 'the username, as for a login', nonEmptyText)
    .option('--reason <text>', 'the reason that the trail stores', reasonText);
}

/** Declares a command that gives tokens, with a reason that the ledger stores. */
function tokensCommand(parent: Command, name: string, summary: string): Command {
  return parent
    .command(name)
    .description(summary)
    .requiredOption('--reason <text>', 'the reason that the ledger stores', reasonText);
}

export function declare(command: Command): void {
  tokensCommand(command, 'grant', 'gives tokens to a user')
    .argument('<username>', 'the username, as for a login', nonEmptyText)
    .argument('<amount>', 'number of tokens, a whole number', amount)
    .option('--key <idempotency key>', 'a second grant with the same key has no effect', keyText)
    .action(async (username: string, tokens: number, options: { reason: string; key?: string }) =>
      (await loadActions()).grant({ username, amount: tokens, ...options }),
    );
  tokensCommand(command, 'codes', 'creates a redemption code and prints it')
    .argument('<amount>', 'number of tokens, a whole number', amount)
    .action(async (tokens: number, { reason }: { reason: string }) =>
      (await loadActions()).makeCode(tokens, reason),
    );
  command
    .command('users')
    .description('lists users and their balances')
    .argument('[search]', 'part of the username', nonEmptyText)
    .action(async (search?: string) => (await loadActions()).listUsers(search));
  declareAccess(command);
  declareCredentials(command);
}

interface Options {
  readonly reason?: string;
}

function declareAccess(command: Command): void {
  command
    .command('activate')
    .description('allows a user to log in again')
    .argument('<username>', 'the username, as for a login', nonEmptyText)
    .action(async (username: string) => (await loadActions()).change(username, { isActive: true }));
  userCommand(command, 'deactivate', 'locks a user out').action(
    async (username: string, { reason }: Options) =>
      (await loadActions()).change(username, { isActive: false }, reason),
  );
  userCommand(command, 'staff', 'allows a user to use /api/admin/')
    .option('--revoke', 'takes this permission away')
    .action(async (username: string, { reason, revoke }: Options & { revoke?: true }) =>
      (await loadActions()).change(username, { isStaff: !revoke }, reason),
    );
}

function declareCredentials(command: Command): void {
  userCommand(command, 'create-user', 'creates a user and prints a link to set the password')
    .option('--email <address>', 'the address for mails', optionText)
    .action(async (username: string, { reason, email }: Options & { email?: string }) =>
      (await loadActions()).createUser(username, email, reason),
    );
  userCommand(command, 'password-link', 'prints a link to set a new password').action(
    async (username: string, { reason }: Options) =>
      (await loadActions()).passwordLink(username, reason),
  );
  const sessions = command.command('sessions').description('ends the sessions of a user');
  userCommand(sessions, 'end', 'ends every session of the user').action(
    async (username: string, { reason }: Options) =>
      (await loadActions()).endSessions(username, reason),
  );
}
