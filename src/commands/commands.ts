import type { Command } from 'commander';

/** A command's file: says which words it takes, and what they do. */
interface CommandFile {
  /** Adds arguments, options and the action. An action that fails throws. */
  readonly declare: (command: Command) => void;
}

/** A command of the program. Its file is loaded when it is named, so that none waits for the others. */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandFile>;
  /** Serves as `tallychat admin <name>` as well. */
  readonly isUnderAdmin?: boolean;
  /** The exit code when it fails. Left out: 1. */
  readonly failureCode?: number;
  /** The commands under it that have a row of their own. */
  readonly rows?: readonly CommandRow[];
}

const examination = {
  summary: 'asks each configured model for one word; 1 where one does not answer',
  load: () => import('./doctor.js'),
};

/** Every command. A new one is a file in this folder and a row here. */
const rows: readonly CommandRow[] = [
  {
    name: 'serve',
    summary: 'migrates the database and serves',
    load: () => import('./serve.js'),
  },
  {
    name: 'audit',
    summary:
      'recomputes every balance, and tells what is missing; 1 where something is wrong, 2 where it cannot look',
    load: () => import('./audit.js'),
    failureCode: 2,
  },
  {
    name: 'migrate',
    summary: 'brings the schema up to date; shows or reverts migrations',
    load: () => import('./migrate.js'),
  },
  { name: 'doctor', ...examination },
  {
    name: 'models',
    summary: 'what is to be known of the configured models',
    load: () => Promise.resolve({ declare: () => undefined }),
    isUnderAdmin: true,
    rows: [{ name: 'check', ...examination }],
  },
  {
    name: 'backup',
    summary: 'copies the SQLite database, also while it is served',
    load: () => import('./backup.js'),
    isUnderAdmin: true,
  },
  {
    name: 'restore',
    summary: 'puts a backup in the place of the SQLite database',
    load: () => import('./restore.js'),
    isUnderAdmin: true,
  },
  {
    name: 'move',
    summary: 'moves everything from one database to another',
    load: () => import('./move.js'),
    isUnderAdmin: true,
  },
  {
    name: 'import-django',
    summary: 'brings along the people of a Django REST service',
    load: () => import('./import-django.js'),
    isUnderAdmin: true,
  },
];

const admin: CommandRow = {
  name: 'admin',
  summary: 'what operators do: grants, codes, users, sessions',
  load: () => import('./admin.js'),
  rows: rows.filter(({ isUnderAdmin }) => isUnderAdmin),
};

export const COMMANDS: readonly CommandRow[] = [...rows, admin];
