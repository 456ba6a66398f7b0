import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A code file of the repository. Paths are relative to the repository and use `/`. */
export interface CodeFile {
  readonly path: string;
  readonly text: string;
}

const isCode = (path: string) => /\.(ts|js)$/.test(path);

/** Returns every code file of the repository, without parsing it: loading the compiler takes two seconds of CPU. */
export function codeFiles(): CodeFile[] {
  const below = ['src', 'test', 'bench'].flatMap((folder) => {
    const options = { recursive: true, encoding: 'utf8' } as const;
    return readdirSync('.').includes(folder)
      ? readdirSync(folder, options).map((path) => join(folder, path))
      : [];
  });
  const paths = [...readdirSync('.'), ...below].filter(isCode).sort();
  return paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
