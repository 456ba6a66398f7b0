import type { Command } from 'commander';

/** The file of a command: declares its arguments and its action. */
interface CommandFile {
  /** Adds arguments, options and the action. An action that fails throws. */
  readonly declare: (command: Command) => void;
}

/**
 * A command of the program. Its file is loaded only when the command is used, so that commands do not wait
 * for each other's files.
 */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandFile>;
  /** The command is also available as `tallychat admin <name>`. */
  readonly isUnderAdmin?: boolean;
  /** The exit code if the command fails. Default: 1. */
  readonly failureCode?: number;
  /** Its subcommands that have their own rows. */
  readonly rows?: readonly CommandRow[];
}

const modelCheck = {
  summary: 'asks each configured model for one word; exits with 1 if a model does not answer',
  load: () => import('./doctor.js'),
};

/** All commands. To add one, add a file in this folder and a row here. */
const rows: readonly CommandRow[] = [
  {
    name: 'serve',
    summary: 'migrates the database and starts the service',
    load: () => import('./serve.js'),
  },
  {
    name: 'audit',
    summary:
      'recomputes every balance and reports what is missing; exits with 1 for an error in the data, 2 if it cannot check',
    load: () => import('./audit.js'),
    failureCode: 2,
  },
  {
    name: 'migrate',
    summary: 'brings the schema up to date; shows or reverts migrations',
    load: () => import('./migrate.js'),
  },
  { name: 'doctor', ...modelCheck },
  {
    name: 'models',
    summary: 'checks the configured models',
    load: () => Promise.resolve({ declare: () => undefined }),
    isUnderAdmin: true,
    rows: [{ name: 'check', ...modelCheck }],
  },
  {
    name: 'backup',
    summary: 'copies the SQLite database, also while the service runs',
    load: () => import('./backup.js'),
    isUnderAdmin: true,
  },
  {
    name: 'restore',
    summary: 'replaces the SQLite database with a backup',
    load: () => import('./restore.js'),
    isUnderAdmin: true,
  },
  {
    name: 'move',
    summary: 'copies all rows from one database to another',
    load: () => import('./move.js'),
    isUnderAdmin: true,
  },
  {
    name: 'import-django',
    summary: 'imports the users of a Django REST service',
    load: () => import('./import-django.js'),
    isUnderAdmin: true,
  },
];

const admin: CommandRow = {
  name: 'admin',
  summary: 'commands for operators: grants, codes, users, sessions',
  load: () => import('./admin.js'),
  rows: rows.filter(({ isUnderAdmin }) => isUnderAdmin),
};

export const COMMANDS: readonly CommandRow[] = [...rows, admin];
