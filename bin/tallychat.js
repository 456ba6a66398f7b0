#!/usr/bin/env node
import './require-node.js';
import { existsSync } from 'node:fs';

const program = new URL('../dist/src/tallychat.main.js', import.meta.url);

if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('tallychat: nothing is built: run `npm run build` first\n');
  process.exitCode = 1;
}
