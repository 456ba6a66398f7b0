import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { InvalidArgumentError, type Command } from 'commander';
import { shellActor, TrailService } from '../admin/trail.service.js';
import { AppModule } from '../app.module.js';
import { loadConfig } from '../config/load-config.js';
import { databaseUrlFault } from '../config/setting-rules.js';
import { Database } from '../database/data-source.js';
import { assertMigrated } from '../database/migrate.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { DjangoImport } from '../django/django-import.service.js';
import { assertExistingDatabase } from './existing-database.js';
import { filePath, optionText } from './arguments.js';

const INCOMPLETE_CODE = 1;

interface Options {
  readonly usersTable?: string;
  readonly tokensTable?: string;
  readonly messagesTable?: string;
  readonly skip?: true;
}

/** Parses a path, or a URL in the format of `DATABASE_URL`. */
function djangoDatabase(text: string, previous?: unknown): string {
  const isUrl = /^(?:sqlite|postgres(?:ql)?):/.test(filePath(text, previous));
  const fault = isUrl ? databaseUrlFault(text) : undefined;
  if (fault === undefined) return text;
  throw new InvalidArgumentError(`It ${fault}.`);
}

/** Imports while a service may be running. Takes no lease. */
async function run(source: string, options: Options): Promise<void> {
  const { usersTable: users, tokensTable: tokens, messagesTable: messages } = options;
  const config = loadConfig();
  await assertExistingDatabase(config);
  const services = await NestFactory.createApplicationContext(AppModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    await assertMigrated(services.get(Database));
    const names = { users, tokens, messages, skip: options.skip === true };
    const report = await services.get(DjangoImport).run(source, names);
    process.stdout.write(`${String(report)}\n`);
    if (report.people > 0) {
      const actor = shellActor(`${String(report.people)} people`);
      const trail = services.get(TrailService);
      await services.get(UnitOfWork).run((tx) => trail.add(tx, actor, 'import_people', 'Django'));
    }
    if (!report.isComplete) process.exitCode = INCOMPLETE_CODE;
  } finally {
    await services.close();
  }
}

export function declare(command: Command): void {
  command
    .argument(
      '<source>',
      'the SQLite file or the postgres:// URL of the Django service',
      djangoDatabase,
    )
    .option(
      '--users-table <name>',
      'the table of users, if several tables look like it',
      optionText,
    )
    .option('--tokens-table <name>', 'the table of tokens; `none` if there is none', optionText)
    .option('--messages-table <name>', 'the table of messages; `none` if there is none', optionText)
    .option('--skip', 'skips users with errors, and imports the others')
    .action(run);
}
