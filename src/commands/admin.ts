import type { Command } from 'commander';
import { REASON_MAX } from '../admin/reason-max.js';
import { AMOUNT_MAX } from '../wallet/amount.js';
import { filled, optionText, textUpTo, wholeNumber } from './words.js';

const amount = wholeNumber({ min: 1, max: AMOUNT_MAX });
const reasonText = textUpTo(REASON_MAX);
/** The column's size, and the limit of the header `Idempotency-Key`. */
const keyText = textUpTo(255);

/** Loads the code of the commands only after the arguments are known to be valid. */
const work = () => import('./admin-work.js');

/** Declares a command about one user. */
function aboutUser(parent: Command, name: string, summary: string): Command {
  return parent
    .command(name)
    .description(summary)
    .argument('<username>', 'the username, as for a login', filled)
    .option('--reason <text>', 'the reason that the trail stores', reasonText);
}

/** Declares a command that gives tokens, with a reason that the ledger stores. */
function aboutTokens(parent: Command, name: string, summary: string): Command {
  return parent
    .command(name)
    .description(summary)
    .requiredOption('--reason <text>', 'the reason that the ledger stores', reasonText);
}

export function declare(command: Command): void {
  aboutTokens(command, 'grant', 'gives tokens to a user')
    .argument('<username>', 'the username, as for a login', filled)
    .argument('<amount>', 'number of tokens, a whole number', amount)
    .option('--key <idempotency key>', 'a second grant with the same key has no effect', keyText)
    .action(async (username: string, tokens: number, options: { reason: string; key?: string }) =>
      (await work()).grant({ username, amount: tokens, ...options }),
    );
  aboutTokens(command, 'codes', 'creates a redemption code and prints it')
    .argument('<amount>', 'number of tokens, a whole number', amount)
    .action(async (tokens: number, { reason }: { reason: string }) =>
      (await work()).makeCode(tokens, reason),
    );
  command
    .command('users')
    .description('lists users and their balances')
    .argument('[search]', 'part of the username', filled)
    .action(async (search?: string) => (await work()).listUsers(search));
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
    .argument('<username>', 'the username, as for a login', filled)
    .action(async (username: string) => (await work()).change(username, { isActive: true }));
  aboutUser(command, 'deactivate', 'locks a user out').action(
    async (username: string, { reason }: Options) =>
      (await work()).change(username, { isActive: false }, reason),
  );
  aboutUser(command, 'staff', 'allows a user to use /api/admin/')
    .option('--revoke', 'takes this permission away')
    .action(async (username: string, { reason, revoke }: Options & { revoke?: true }) =>
      (await work()).change(username, { isStaff: !revoke }, reason),
    );
}

function declareCredentials(command: Command): void {
  aboutUser(command, 'create-user', 'creates a user and prints a link to set the password')
    .option('--email <address>', 'the address for mails', optionText)
    .action(async (username: string, { reason, email }: Options & { email?: string }) =>
      (await work()).createUser(username, email, reason),
    );
  aboutUser(command, 'password-link', 'prints a link to set a new password').action(
    async (username: string, { reason }: Options) => (await work()).passwordLink(username, reason),
  );
  const sessions = command.command('sessions').description('ends the sessions of a user');
  aboutUser(sessions, 'end', 'ends every session of the user').action(
    async (username: string, { reason }: Options) => (await work()).endSessions(username, reason),
  );
}
