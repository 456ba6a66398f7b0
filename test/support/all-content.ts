import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import type { TestApp } from './app.js';

/** Returns every value of every column of every table as one text. */
export async function everyRowOf({ database }: TestApp): Promise<string> {
  const tables = await database.tables();
  expect(tables.length).toBeGreaterThan(8);
  const parts: string[] = [];
  for (const table of tables) {
    parts.push(JSON.stringify(await database.rows(`SELECT * FROM "${table}"`)));
  }
  return parts.join('\n');
}

/** Returns every value of every table and, on SQLite, also the bytes of the file and its log. */
export async function allContentOf(app: TestApp): Promise<string> {
  const { url } = app.database;
  const rows = await everyRowOf(app);
  if (!url.startsWith('sqlite:')) return rows;
  const file = url.slice('sqlite:'.length);
  const bytes = [await readFile(file, 'latin1'), await readFile(`${file}-wal`, 'latin1')];
  return [rows, ...bytes].join('\n');
}
