import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { OperatorsService, type UserChange } from './admin/operators.service.js';
import type { Doer } from './admin/trail.service.js';
import { AppModule } from './app.module.js';
import { emailField, usernameField } from './auth/auth.dto.js';
import { loadConfig } from './config/config.js';
import { assertMigrated } from './database/migrate.js';
import { AppError, ValidationFailed } from './errors.js';
import type { TextFieldRules } from './fields/text-field.js';
import { textReader } from './fields/text-reader.js';
import { UsersService } from './users/users.service.js';
import { AMOUNT_MAX } from './wallet/wallet.dto.js';
import { WalletService } from './wallet/wallet.service.js';

const USAGE = `usage: npm run admin -- <command>
  grant <username> <amount> --reason <text> [--key <idempotency key>]
  codes <amount> --reason <text>           make a redemption code
  users [search]                           list users and their balances
  activate | deactivate <username> [--reason <text>]
  staff <username> [--revoke] [--reason <text>]      may use /api/admin/
  create-user <username> [--email <address>]         prints a link to set the password
  password-link <username>                           prints a link to set a new one
  sessions end <username> [--reason <text>]          ends every session of the user`;

const LIST_MAX = 1000;

class UsageError extends Error {}

function amountFrom(text: string | undefined): number {
  const amount = Number(text);
  if (!Number.isSafeInteger(amount) || amount < 1 || amount > AMOUNT_MAX) {
    throw new UsageError(`<amount> must be a whole number from 1 to ${String(AMOUNT_MAX)}`);
  }
  return amount;
}

function required(text: string | undefined, name: string): string {
  if (text === undefined || text.trim() === '') throw new UsageError(`${name} is missing`);
  return text;
}

/** Who has a shell is no user. */
const SHELL = null;
const byShell = (reason = ''): Doer => ({ operatorId: SHELL, reason });

/** Holds what was typed to the rules of a request's field. */
function sound(field: string, typed: string, rules: TextFieldRules): string {
  return textReader(field, rules)(typed) ?? '';
}

/** Every command, by name. Each returns what to print. */
function commandsOf(operators: OperatorsService, users: UsersService, wallets: WalletService) {
  return {
    grant: async ([username, amount]: string[], { reason, key }: Options) => {
      const idempotencyKey = key ?? randomUUID();
      const outcome = await operators.grant(
        {
          username: required(username, '<username>'),
          amount: amountFrom(amount),
          reason: required(reason, '--reason'),
          idempotencyKey,
        },
        SHELL,
      );
      const done = outcome.isReplay ? 'granted before' : 'granted';
      return `${done}: ${String(outcome.amount)} to ${username ?? ''}, balance ${String(outcome.balance)}, key ${idempotencyKey}`;
    },
    codes: async ([amount]: string[], { reason }: Options) =>
      operators.makeCode(amountFrom(amount), byShell(required(reason, '--reason'))),
    users: async ([search = '']: string[]) => {
      const keyset = { key: undefined, comparison: '>', order: 'ASC', limit: LIST_MAX } as const;
      const lines = [];
      for (const user of await users.page(search, keyset)) {
        const { balance, held } = await wallets.summary(user.id);
        const marks = [!user.isActive && 'inactive', user.isStaff && 'staff'].filter(Boolean);
        lines.push(
          [user.username, `balance ${String(balance)}`, `held ${String(held)}`, ...marks].join(
            '\t',
          ),
        );
      }
      return lines.join('\n');
    },
    ...peopleCommandsOf(operators),
  };
}

/** The commands that change a user. */
function peopleCommandsOf(operators: OperatorsService) {
  const change = (username: string | undefined, what: UserChange, { reason }: Options) =>
    operators.change(required(username, '<username>'), what, byShell(reason));
  return {
    activate: async ([username]: string[], options: Options) => {
      await change(username, { isActive: true }, options);
      return `${username ?? ''} may log in`;
    },
    deactivate: async ([username]: string[], options: Options) => {
      await change(username, { isActive: false }, options);
      return `${username ?? ''} is kept out`;
    },
    staff: async ([username]: string[], options: Options) => {
      await change(username, { isStaff: !options.revoke }, options);
      return `${username ?? ''} ${options.revoke ? 'is no longer' : 'is now'} staff`;
    },
    'create-user': async ([name]: string[], { email = '', reason }: Options) => {
      const username = sound('username', required(name, '<username>'), usernameField);
      const user = { username, email: sound('email', email, emailField) };
      return operators.linkOf(await operators.create(user, byShell(reason)));
    },
    'password-link': async ([username]: string[], { reason }: Options) => {
      const name = required(username, '<username>');
      return operators.linkOf(await operators.passwordToken(name, byShell(reason)));
    },
    sessions: async ([word, username]: string[], { reason }: Options) => {
      if (word !== 'end') throw new UsageError(`unknown command "sessions ${word ?? ''}"`);
      await operators.endSessions(required(username, '<username>'), byShell(reason));
      return `${username ?? ''} has no session`;
    },
  };
}

interface Options {
  readonly reason?: string | undefined;
  readonly key?: string | undefined;
  readonly revoke?: boolean | undefined;
  readonly email?: string | undefined;
}

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      key: { type: 'string' },
      revoke: { type: 'boolean', default: false },
      email: { type: 'string' },
    },
  });
}

/** Runs one command beside a service that may be running: it takes no lease and sweeps nothing. */
async function run(): Promise<void> {
  const { positionals, values } = readArguments();
  const [name = '', ...rest] = positionals;
  const context = await NestFactory.createApplicationContext(AppModule.forRoot(loadConfig()), {
    logger: false,
    abortOnError: false,
  });
  try {
    await assertMigrated(context.get(DataSource));
    const services = [OperatorsService, UsersService, WalletService] as const;
    const commands = commandsOf(
      context.get(services[0]),
      context.get(services[1]),
      context.get(services[2]),
    );
    if (!Object.hasOwn(commands, name)) throw new UsageError(`unknown command "${name}"`);
    const text = await commands[name as keyof typeof commands](rest, values);
    process.stdout.write(`${text}\n`);
  } finally {
    await context.close();
  }
}

run().catch((error: unknown) => {
  const message =
    error instanceof ValidationFailed
      ? Object.entries(error.fields)
          .map(([field, sentences]) => `${field}: ${sentences.join(' ')}`)
          .join(' ')
      : error instanceof Error
        ? error.message
        : String(error);
  const usage = error instanceof AppError ? '' : `\n${USAGE}`;
  process.stderr.write(`admin: ${message}${usage}\n`);
  process.exitCode = 1;
});
