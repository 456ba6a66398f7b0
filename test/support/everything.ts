import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import type { TestApp } from './app.js';

/** Every value of every column of every table, as one text. */
export async function everyRowOf({ database }: TestApp): Promise<string> {
  const tables = await database.tables();
  expect(tables.length).toBeGreaterThan(8);
  const parts: string[] = [];
  for (const table of tables) {
    parts.push(JSON.stringify(await database.rows(`SELECT * FROM "${table}"`)));
  }
  return parts.join('\n');
}

/** The same; and on SQLite the file's own bytes and its journal's as well. */
export async function everythingIn(app: TestApp): Promise<string> {
  const { url } = app.database;
  const rows = await everyRowOf(app);
  if (!url.startsWith('sqlite:')) return rows;
  const file = url.slice('sqlite:'.length);
  const bytes = [await readFile(file, 'latin1'), await readFile(`${file}-wal`, 'latin1')];
  return [rows, ...bytes].join('\n');
}
