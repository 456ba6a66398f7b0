import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/** `@jest/globals` refuses to be imported outside Jest's own module system: `jest-globals.js` has what it would export. */
const GLOBALS = new URL('./jest-globals.js', import.meta.url).href;

/** TypeScript names the file `x.js` that `x.ts` becomes. */
const sourceOf = (url) => {
  const source = url.replace(/\.js$/, '.ts');
  return source !== url && existsSync(fileURLToPath(source)) ? source : undefined;
};

export async function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: GLOBALS, format: 'module', shortCircuit: true };
  if (specifier.startsWith('.') && context.parentURL?.endsWith('.ts')) {
    const url = sourceOf(new URL(specifier, context.parentURL).href);
    if (url) return { url, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  // The rules are in .swcrc, which the build of the mutants reads too.
  const { code } = await transform(await readFile(path, 'utf8'), { filename: path });
  return { source: code, format: 'module', shortCircuit: true };
}
