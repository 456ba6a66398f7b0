import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { OperatorsService, type UserChange } from '../admin/operators.service.js';
import { AppModule } from '../app.module.js';
import { emailField, usernameField } from '../auth/auth.dto.js';
import { assertMigrated } from '../database/migrate.js';
import type { TextFieldRules } from '../fields/text-field.js';
import { textReader } from '../fields/text-reader.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { configOfExistingDatabase } from './existing-database.js';

const LIST_MAX = 1000;

/** Who has a shell is no user. */
const SHELL = null;
const byShell = (reason = '') => ({ operatorId: SHELL, reason });

/** Does one thing beside a service that may be running: it takes no lease and sweeps nothing. */
async function withServices(
  work: (services: INestApplicationContext) => Promise<string>,
): Promise<void> {
  const config = await configOfExistingDatabase();
  const services = await NestFactory.createApplicationContext(AppModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    await assertMigrated(services.get(DataSource));
    process.stdout.write(`${await work(services)}\n`);
  } finally {
    await services.close();
  }
}

const operate = (work: (operators: OperatorsService) => Promise<string>) =>
  withServices((services) => work(services.get(OperatorsService)));

/** Holds what was typed to the rules of a request's field. */
function sound(field: string, typed: string, rules: TextFieldRules): string {
  return textReader(field, rules)(typed) ?? '';
}

interface Grant {
  readonly username: string;
  readonly amount: number;
  readonly reason: string;
  readonly key?: string;
}

export const grant = ({ username, amount, reason, key = randomUUID() }: Grant) =>
  operate(async (operators) => {
    const wish = { username, amount, reason, idempotencyKey: key };
    const outcome = await operators.grant(wish, SHELL);
    const done = outcome.isReplay ? 'granted before' : 'granted';
    return `${done}: ${String(outcome.amount)} to ${username}, balance ${String(outcome.balance)}, key ${key}`;
  });

export const makeCode = (amount: number, reason: string) =>
  operate((operators) => operators.makeCode(amount, byShell(reason)));

export const listUsers = (search = '') =>
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

export const change = (username: string, wish: UserChange, reason?: string) =>
  operate(async (operators) => {
    await operators.change(username, wish, byShell(reason));
    if (wish.isActive !== undefined)
      return `${username} ${wish.isActive ? 'may log in' : 'is kept out'}`;
    return `${username} ${wish.isStaff ? 'is now' : 'is no longer'} staff`;
  });

export const createUser = (name: string, email = '', reason?: string) =>
  operate(async (operators) => {
    const username = sound('username', name, usernameField);
    const user = { username, email: sound('email', email, emailField) };
    return operators.linkOf(await operators.create(user, byShell(reason)));
  });

export const passwordLink = (username: string, reason?: string) =>
  operate(async (operators) =>
    operators.linkOf(await operators.passwordToken(username, byShell(reason))),
  );

export const endSessions = (username: string, reason?: string) =>
  operate(async (operators) => {
    await operators.endSessions(username, byShell(reason));
    return `${username} has no session`;
  });
