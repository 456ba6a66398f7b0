import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OperatorsService, type UserChange } from '../admin/operators.service.js';
import { loadSettings } from '../config/config.js';
import { Database } from '../database/data-source.js';
import { assertMigrated } from '../database/migrate.js';
import { placeKey } from '../database/numbered-lists.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { assertExistingDatabase } from './existing-database.js';
import { OperatorsWork } from './operators-work.module.js';

/** Number of users that are read and printed at a time. */
const LIST_PAGE = 100;

/** A person with a shell is not a user of the service. */
const SHELL = null;
const byShell = (reason = '') => ({ operatorId: SHELL, reason });

/** Runs one action while a service may be running. It takes no lease and sweeps nothing. */
async function withServices(
  work: (services: INestApplicationContext) => Promise<string>,
): Promise<void> {
  const settings = loadSettings();
  await assertExistingDatabase(settings);
  const services = await NestFactory.createApplicationContext(OperatorsWork.forRoot(settings), {
    logger: false,
    abortOnError: false,
  });
  try {
    await assertMigrated(services.get(Database));
    const told = await work(services);
    if (told !== '') process.stdout.write(`${told}\n`);
  } finally {
    await services.close();
  }
}

const operate = (work: (operators: OperatorsService) => Promise<string>) =>
  withServices((services) => work(services.get(OperatorsService)));

/**
 * Validates the arguments by the rules of a registration. The rules are slow to load and only this command
 * needs them, so they are loaded here.
 */
async function sound(typed: { username: string; email: string }) {
  const { emailField, usernameField } = await import('../auth/auth.dto.js');
  const { textReader } = await import('../fields/text-reader.js');
  return {
    username: textReader('username', usernameField)(typed.username) ?? '',
    email: textReader('email', emailField)(typed.email) ?? '',
  };
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
    const [users, wallets] = [services.get(UsersService), services.get(WalletService)];
    let key: string | undefined;
    for (;;) {
      const keyset = { key, comparison: '>', order: 'ASC', limit: LIST_PAGE } as const;
      const page = await users.page(search, keyset);
      const lines = await Promise.all(page.map((user) => lineOf(user, wallets)));
      const last = page.at(-1);
      // If the reader closed the pipe, it needs no more users.
      if (!last || page.length < LIST_PAGE || process.stdout.destroyed) return lines.join('\n');
      process.stdout.write(`${lines.join('\n')}\n`);
      key = placeKey(last);
    }
  });

async function lineOf(user: User, wallets: WalletService): Promise<string> {
  const { balance, held } = await wallets.summary(user.id);
  const marks = [!user.isActive && 'inactive', user.isStaff && 'staff'].filter(Boolean);
  const figures = [`balance ${String(balance)}`, `held ${String(held)}`];
  return [user.username, ...figures, ...marks].join('\t');
}

export const change = (username: string, wish: UserChange, reason?: string) =>
  operate(async (operators) => {
    await operators.change(username, wish, byShell(reason));
    if (wish.isActive !== undefined)
      return `${username} ${wish.isActive ? 'may log in' : 'is kept out'}`;
    return `${username} ${wish.isStaff ? 'is now' : 'is no longer'} staff`;
  });

export const createUser = (name: string, email = '', reason?: string) =>
  operate(async (operators) => {
    const user = await sound({ username: name, email });
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
