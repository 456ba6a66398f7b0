import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/**
 * Replaces `@jest/globals`, which cannot be imported outside Jest's own module system. `jest-globals.js` has the
 * same exports.
 */
const GLOBALS = new URL('./jest-globals.js', import.meta.url).href;

/** Returns the URL of `x.ts`. TypeScript imports it by the name of its output, `x.js`. */
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
  // The options are in .swcrc, which the build of the mutants also reads.
  const { code } = await transform(await readFile(path, 'utf8'), { filename: path });
  return { source: code, format: 'module', shortCircuit: true };
}
