import type { Run } from './rounds.js';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[middle - 1 + (sorted.length % 2)], sorted[middle]];
  return (low + high) / 2;
}

/** A Markdown table; numbers stand right. */
export function toTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(heading), line(rule), ...rows.map(line)].join('\n');
}

const rateOf = ({ answers, seconds }: Run) => answers / seconds;
const whole = (value: number) => (Number.isNaN(value) ? '' : String(Math.round(value)));
const fixed = (value: number, digits: number) => (Number.isNaN(value) ? '' : value.toFixed(digits));

const HEADING = 'case,conns,ours/s,p50 ms,p99 ms,floor/s,ours/floor,errors'.split(',');

/** One row for each case and number of connections: medians over the rounds, and all errors. */
export function ratesTable(runs: readonly Run[]): string {
  const keyOf = (run: Run) => `${run.case}|${String(run.connections)}`;
  const rows = [...new Set(runs.map(keyOf))].map((key) => {
    const group = runs.filter((run) => keyOf(run) === key);
    const ours = group.filter(({ target }) => target === 'service');
    const floor = group.filter(({ target }) => target === 'floor');
    const ratios = floor.map((run, round) => rateOf(ours[round] ?? run) / rateOf(run));
    const errors = group.reduce((sum, { refused, broken }) => sum + refused + broken, 0);
    return [
      ...key.split('|'),
      whole(median(ours.map(rateOf))),
      fixed(median(ours.map(({ p50 }) => p50)), 1),
      fixed(median(ours.map(({ p99 }) => p99)), 1),
      whole(median(floor.map(rateOf))),
      fixed(median(ratios), 2),
      String(errors),
    ];
  });
  return toTable(HEADING, rows);
}
