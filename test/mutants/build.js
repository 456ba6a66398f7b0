import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';

/** The imports that exist only inside Jest. `run-specs.js` provides them as globals. */
const GLOBALS = /import (\{[^}]*\}) from ['"]@jest\/globals['"];/;

/** Compiles StrykerJS's copy of the sources in place, so that a mutant only costs a normal start of Node. */
const swc = JSON.parse(readFileSync('.swcrc', 'utf8'));
for (const folder of ['src', 'test']) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const { code } = transformSync(readFileSync(path, 'utf8'), { ...swc, filename: path });
    writeFileSync(path.replace(/\.ts$/, '.js'), code.replace(GLOBALS, 'const $1 = globalThis;'));
  }
}
