import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startLines } from './start-report.js';

describe('startLines', () => {
  const pageLine = (databaseUrl: string) => {
    const url = 'http://127.0.0.1:8000';
    return startLines({ url, databaseUrl, models: [], providers: [], hints: [] })[1];
  };

  it.each([
    ['sqlite:~/tally.sqlite', join(homedir(), 'tally.sqlite')],
    ['sqlite:/data/tally.sqlite', '/data/tally.sqlite'],
    ['postgres://ada:secret@db.example:5432/tally', 'PostgreSQL at db.example:5432/tally'],
  ])('shows for %s the database that is opened, and no password', (databaseUrl, location) => {
    expect(pageLine(databaseUrl)).toBe(
      `Page: http://127.0.0.1:8000/, docs: http://127.0.0.1:8000/api/docs/, database: ${location}`,
    );
  });
});
