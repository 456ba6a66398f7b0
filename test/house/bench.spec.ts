import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { itAtFullEffort } from '../support/full-effort.js';

const SHORT = ['--seconds', '1', '--rounds', '1', '--connections', '4'];

/** Returns the cells of the table's rows, without the heading. */
function rowsOf(output: string): string[][] {
  const lines = output.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

describe('npm run bench', () => {
  itAtFullEffort(
    'prints the figures of the service and of the bare limit, without an error',
    async () => {
      const command = ['dist/bench/main.js', ...SHORT, '--only', 'chat of many'];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, command);
      expect(stderr).toBe('');
      const rows = rowsOf(stdout);
      expect(rows.map(([name, connections]) => [name, connections])).toEqual([
        ['chat of many wallets', '4'],
      ]);
      for (const [, , ours, , , floor, ratio, errors] of rows) {
        expect(Number(ours)).toBeGreaterThan(0);
        expect(Number(floor)).toBeGreaterThan(0);
        expect(Number(ratio)).toBeGreaterThan(0);
        expect(errors).toBe('0');
      }
    },
    300_000,
  );

  it('prints its usage for unknown arguments, and measures nothing', async () => {
    const run = promisify(execFile)(process.execPath, ['dist/bench/main.js', '--rounds', 'many']);
    await expect(run).rejects.toMatchObject({ code: 2, stdout: '' });
    await expect(run).rejects.toThrow('whole numbers above zero\nusage: npm run bench');
  });
});

describe('npm run soak', () => {
  itAtFullEffort(
    'asks each kind of request, and finds every wallet whole at the end',
    async () => {
      const command = ['dist/bench/soak/main.js', '--minutes', '0.2', '--rate', '30'];
      // Twelve seconds are too short for its figures of memory, so it ends with 1, like after a leak.
      const { stdout } = await promisify(execFile)(process.execPath, command).catch(
        (error: unknown) => error as { stdout: string },
      );
      expect(rowsOf(stdout).map(([kind]) => kind)).toEqual(
        expect.arrayContaining(['login', 'balance', 'chat', 'stream', 'chat with a key']),
      );
      expect(stdout).toMatch(/^audit: .* every balance follows from its entries\.$/m);
    },
    120_000,
  );
});
