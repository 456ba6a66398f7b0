import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NewUsers } from '../admin/new-users.js';
import { OperatorCodes } from '../admin/operator-codes.js';
import { OperatorGrants } from '../admin/operator-grants.js';
import { OperatorsService, type UserChange } from '../admin/operators.service.js';
import { shellActor } from '../admin/trail.service.js';
import { CONFIG, loadSettings, type Config } from '../config/config.js';
import { Database } from '../database/data-source.js';
import { assertMigrated } from '../database/migrate.js';
import { positionKey } from '../database/numbered-lists.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { assertExistingDatabase } from './existing-database.js';
import { OperatorsModule } from './operators.module.js';

/** Number of users that are read and printed at a time. */
const LIST_PAGE_SIZE = 100;

const NO_PUBLIC_URL = 'PUBLIC_URL is not set, so put the address of the service before this link:';

/** Runs one action while a service may be running. It takes no lease and sweeps nothing. */
async function withServices(
  work: (services: INestApplicationContext) => Promise<string>,
): Promise<void> {
  const settings = loadSettings();
  await assertExistingDatabase(settings);
  const services = await NestFactory.createApplicationContext(OperatorsModule.forRoot(settings), {
    logger: false,
    abortOnError: false,
  });
  try {
    await assertMigrated(services.get(Database));
    const output = await work(services);
    if (output !== '') process.stdout.write(`${output}\n`);
  } finally {
    await services.close();
  }
}

const using = <Service>(service: Type<Service>, work: (service: Service) => Promise<string>) =>
  withServices((services) => work(services.get(service)));

/**
 * Validates the arguments by the rules of a registration. The rules are slow to load and only this command
 * needs them, so they are loaded here.
 */
async function validate(typed: { username: string; email: string }) {
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
  using(OperatorGrants, async (grants) => {
    const request = { username, amount, reason, idempotencyKey: key };
    const outcome = await grants.grant(request, shellActor().operatorId);
    const done = outcome.isReplay ? 'granted before' : 'granted';
    return `${done}: ${String(outcome.amount)} to ${username}, balance ${String(outcome.balance)}, key ${key}`;
  });

export const makeCode = (amount: number, reason: string) =>
  using(OperatorCodes, (codes) => codes.make(amount, shellActor(reason)));

export const listUsers = (search = '') =>
  withServices(async (services) => {
    const [users, wallets] = [services.get(UsersService), services.get(WalletService)];
    let key: string | undefined;
    for (;;) {
      const keyset = { key, comparison: '>', order: 'ASC', limit: LIST_PAGE_SIZE } as const;
      const page = await users.page(search, keyset);
      const lines = await Promise.all(page.map((user) => formatUser(user, wallets)));
      const last = page.at(-1);
      // If the reader closed the pipe, it needs no more users.
      if (!last || page.length < LIST_PAGE_SIZE || process.stdout.destroyed)
        return lines.join('\n');
      process.stdout.write(`${lines.join('\n')}\n`);
      key = positionKey(last);
    }
  });

async function formatUser(user: User, wallets: WalletService): Promise<string> {
  const { balance = 0, held = 0 } = (await wallets.findSummary(user.id)) ?? {};
  const marks = [!user.isActive && 'inactive', user.isStaff && 'staff'].filter(Boolean);
  const figures = [`balance ${String(balance)}`, `held ${String(held)}`];
  return [user.username, ...figures, ...marks].join('\t');
}

export const change = (username: string, request: UserChange, reason?: string) =>
  using(OperatorsService, async (operators) => {
    await operators.change(username, request, shellActor(reason));
    if (request.isActive !== undefined)
      return `${username} ${request.isActive ? 'may log in' : 'is kept out'}`;
    return `${username} ${request.isStaff ? 'is now' : 'is no longer'} staff`;
  });

export const createUser = (name: string, email = '', reason?: string) =>
  withServices(async (services) => {
    const user = await validate({ username: name, email });
    const token = await services.get(NewUsers).create(user, shellActor(reason));
    return printableLink(services, token);
  });

export const passwordLink = (username: string, reason?: string) =>
  withServices(async (services) => {
    const operators = services.get(OperatorsService);
    return printableLink(services, await operators.passwordToken(username, shellActor(reason)));
  });

/** Returns the link for a password token. Without `PUBLIC_URL`, tells the operator what the link lacks. */
function printableLink(services: INestApplicationContext, token: string): string {
  const { publicUrl } = services.get<Config>(CONFIG);
  if (publicUrl === '') process.stderr.write(`${NO_PUBLIC_URL}\n`);
  return services.get(OperatorsService).linkOf(token);
}

export const endSessions = (username: string, reason?: string) =>
  using(OperatorsService, async (operators) => {
    await operators.endSessions(username, shellActor(reason));
    return `${username} has no session`;
  });
