import { readdirSync } from 'node:fs';
import { run } from 'jest';
import { HEAVY, HEAVY_CASES, HEAVY_RUN } from './support/heavy.js';

/**
 * `npm test -- <words>`: starts Jest. A word that is a folder of `src` or `test` means only that folder, and no
 * other path that contains the word. `--heavy` means the heavy files of `heavy.js`, and `--heavy-cases` the heavy cases of
 * its other files. All other words go to Jest unchanged.
 */
const folders = ['src', 'test'].flatMap((parent) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name),
);

const words = process.argv.slice(2).flatMap((word, place, all) => {
  if (word === '--heavy') return HEAVY_RUN;
  if (word === '--heavy-cases') {
    process.env.TEST_EFFORT = 'full';
    return [...HEAVY_CASES, '--testNamePattern=\\(heavy\\)$'];
  }
  const isTitle = ['-t', '--testNamePattern'].includes(all[place - 1]);
  return folders.includes(word) && !isTitle ? `./(src|test)/${word}/` : word;
});

/** A file that is named always runs, with any effort. */
const isNamed = (path) => words.some((word) => path.includes(word.replace(/^\.\//, '')));
const isLight = (process.env.TEST_EFFORT ?? 'light') === 'light';
const left = isLight ? HEAVY.filter((path) => !isNamed(path)) : [];
for (const path of left)
  console.log(`skipped: ${path}: it is heavy, and runs with TEST_EFFORT=full`);

await run([...words, ...left.map((path) => `--testPathIgnorePatterns=${path}`)]);
