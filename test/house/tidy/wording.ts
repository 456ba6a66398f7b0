import { isInSrc, type Rule } from './source.js';

const MEDIAN_LINES_MAX = 70;

const linesIn = (text: string) => text.trimEnd().split('\n').length;
const longText = (lines: number) => 'const a = 1;\n'.repeat(lines);

const shortMedian: Rule = {
  name: `half of the files in src have at most ${String(MEDIAN_LINES_MAX)} lines`,
  breaches: (sources) => {
    const lengths = sources.filter(isInSrc).map(({ text }) => linesIn(text));
    const median = lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
    return median > MEDIAN_LINES_MAX ? [{ path: 'src', what: `median ${String(median)}` }] : [];
  },
  counterExamples: [{ 'src/a.ts': longText(71), 'src/b.ts': longText(71), 'src/c.ts': '' }],
};

/** A rule about texts that ESLint does not have. `eslint.config.js` has those for names, lengths and comments. */
export const wording = [shortMedian];
