import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { OperatorsService } from './admin/operators.service.js';
import { AppModule } from './app.module.js';
import { loadConfig } from './config/config.js';
import { assertMigrated } from './database/migrate.js';
import { AppError } from './errors.js';
import { UsersService } from './users/users.service.js';
import { AMOUNT_MAX } from './wallet/wallet.dto.js';
import { WalletService } from './wallet/wallet.service.js';

const USAGE = `usage: npm run admin -- <command>
  grant <username> <amount> --reason <text> [--key <idempotency key>]
  codes <amount> --reason <text>           make a redemption code
  users [search]                           list users and their balances
  activate | deactivate <username>
  staff <username> [--revoke]              may use /api/admin/`;

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

/** Every command, by name. Each returns what to print. */
function commandsOf(operators: OperatorsService, users: UsersService, wallets: WalletService) {
  return {
    grant: async ([username, amount]: string[], { reason, key }: Options) => {
      const idempotencyKey = key ?? randomUUID();
      const outcome = await operators.grant({
        username: required(username, '<username>'),
        amount: amountFrom(amount),
        reason: required(reason, '--reason'),
        idempotencyKey,
      });
      const done = outcome.isReplay ? 'granted before' : 'granted';
      return `${done}: ${String(outcome.amount)} to ${username ?? ''}, balance ${String(outcome.balance)}, key ${idempotencyKey}`;
    },
    codes: async ([amount]: string[], { reason }: Options) =>
      operators.makeCode(amountFrom(amount), required(reason, '--reason')),
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
    activate: async ([username]: string[]) => {
      await operators.setActive(required(username, '<username>'), true);
      return `${username ?? ''} may log in`;
    },
    deactivate: async ([username]: string[]) => {
      await operators.setActive(required(username, '<username>'), false);
      return `${username ?? ''} is kept out`;
    },
    staff: async ([username]: string[], { revoke }: Options) => {
      await operators.setStaff(required(username, '<username>'), !revoke);
      return `${username ?? ''} ${revoke ? 'is no longer' : 'is now'} staff`;
    },
  };
}

interface Options {
  readonly reason?: string | undefined;
  readonly key?: string | undefined;
  readonly revoke?: boolean | undefined;
}

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      key: { type: 'string' },
      revoke: { type: 'boolean', default: false },
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
  const message = error instanceof Error ? error.message : String(error);
  const usage = error instanceof AppError ? '' : `\n${USAGE}`;
  process.stderr.write(`admin: ${message}${usage}\n`);
  process.exitCode = 1;
});
