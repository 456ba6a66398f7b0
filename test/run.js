import { readdirSync } from 'node:fs';
import { run } from 'jest';

/**
 * `npm test -- <words>`: Jest, where a word that is a folder of `src` or `test` means that folder and no other path
 * that has the word in it. Everything else goes to Jest as it is.
 */
const folders = ['src', 'test'].flatMap((parent) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name),
);

const words = process.argv.slice(2).map((word, place, all) => {
  const isTitle = ['-t', '--testNamePattern'].includes(all[place - 1]);
  return folders.includes(word) && !isTitle ? `./(src|test)/${word}/` : word;
});

await run(words);
