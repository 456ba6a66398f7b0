import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Command } from 'commander';
import { DataSource } from 'typeorm';
import { OperatorsService } from '../admin/operators.service.js';
import { AppModule } from '../app.module.js';
import { assertMigrated } from '../database/migrate.js';
import { UsersService } from '../users/users.service.js';
import { AMOUNT_MAX } from '../wallet/wallet.dto.js';
import { WalletService } from '../wallet/wallet.service.js';
import { declarePeople } from './admin-people.js';
import { configOfExistingDatabase } from './existing-database.js';
import { filled, optionText, wholeNumber } from './words.js';

const LIST_MAX = 1000;

const amount = wholeNumber({ min: 1, max: AMOUNT_MAX });

/** Who has a shell is no user. */
const SHELL = null;

/** Does one thing beside a service that may be running: it takes no lease and sweeps nothing. */
async function withServices(
  work: (services: INestApplicationContext) => Promise<string>,
): Promise<void> {
  const services = await NestFactory.createApplicationContext(
    AppModule.forRoot(configOfExistingDatabase()),
    { logger: false, abortOnError: false },
  );
  try {
    await assertMigrated(services.get(DataSource));
    process.stdout.write(`${await work(services)}\n`);
  } finally {
    await services.close();
  }
}

interface GrantOptions {
  readonly reason: string;
  readonly key?: string;
}

const grant = (username: string, tokens: number, { reason, key = randomUUID() }: GrantOptions) =>
  withServices(async (services) => {
    const wish = { username, amount: tokens, reason, idempotencyKey: key };
    const outcome = await services.get(OperatorsService).grant(wish, SHELL);
    const done = outcome.isReplay ? 'granted before' : 'granted';
    return `${done}: ${String(outcome.amount)} to ${username}, balance ${String(outcome.balance)}, key ${key}`;
  });

const codes = (tokens: number, { reason }: { reason: string }) =>
  withServices((services) =>
    services.get(OperatorsService).makeCode(tokens, { operatorId: SHELL, reason }),
  );

const listUsers = (search = '') =>
  withServices(async (services) => {
    const keyset = { key: undefined, comparison: '>', order: 'ASC', limit: LIST_MAX } as const;
    const lines = [];
    for (const user of await services.get(UsersService).page(search, keyset)) {
      const { balance, held } = await services.get(WalletService).summary(user.id);
      const marks = [!user.isActive && 'inactive', user.isStaff && 'staff'].filter(Boolean);
      const figures = [`balance ${String(balance)}`, `held ${String(held)}`];
      lines.push([user.username, ...figures, ...marks].join('\t'));
    }
    return lines.join('\n');
  });

export function declare(command: Command): void {
  command
    .command('grant')
    .description('gives tokens to a user')
    .argument('<username>', '', filled)
    .argument('<amount>', 'whole tokens', amount)
    .requiredOption('--reason <text>', 'what the ledger says of it', optionText)
    .option('--key <idempotency key>', 'the same key again grants nothing more', optionText)
    .action(grant);
  command
    .command('codes')
    .description('makes a redemption code and prints it')
    .argument('<amount>', 'whole tokens', amount)
    .requiredOption('--reason <text>', 'what the ledger says of it', optionText)
    .action(codes);
  command
    .command('users')
    .description('lists users and their balances')
    .argument('[search]', 'a part of the name', filled)
    .action(listUsers);
  declarePeople(command, (work) =>
    withServices((services) => work(services.get(OperatorsService))),
  );
}
