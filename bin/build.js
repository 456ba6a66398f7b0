import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Makes `dist` what the sources say, and does nothing where it is that already: `npm start` asks each time.
 * It goes by contents, of what is read and of what was written, so neither a checkout, a copy nor a build that
 * was broken off leaves anything stale; files that nobody touched since it looked are not read again.
 */
const STAMP = 'dist/.built';
const FOLDERS = ['src', 'bench'];
/** Served as it is. */
const PAGE = 'src/web/page';
const FILES = [
  'ormconfig.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'bin/build.js',
  'bin/bundle.js',
];

process.chdir(join(import.meta.dirname, '..'));

/** The files in a folder and below it, none where there is no such folder. */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const content = readFileSync(path);
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** The files' sizes and moments of change: where they are as they were, so are the contents. */
function tracesOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const { size, mtimeMs, ctimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs} ${ctimeMs}\n`);
  }
  return hash.digest('hex');
}

function sourceFiles() {
  const read = FOLDERS.flatMap(filesIn).filter((path) => !path.endsWith('.spec.ts'));
  return [...read, ...FILES.filter((path) => existsSync(path))].sort();
}

const writtenFiles = () => filesIn('dist').filter((path) => path !== join(STAMP));

/** How files look from outside, then what is in them: a file that changes in between looks changed the next time. */
const seen = (paths) => ({ traces: tracesOf(paths), digest: digestOf(paths) });

/** For the next start. Where nothing can be written, all is read again each time. */
function keep(stamp) {
  try {
    writeFileSync(STAMP, JSON.stringify(stamp));
  } catch {
    return;
  }
}

/** What the last build saw; undefined where there was none, or it was not this program's. */
function lastBuild() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return undefined;
  }
}

function fail(sentence) {
  process.stderr.write(`build: ${sentence}\n`);
  process.exit(1);
}

function compiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/lib/tsc.js');
  } catch {
    return undefined;
  }
}

async function build() {
  const [sources, written] = [sourceFiles(), writtenFiles()];
  const last = lastBuild();
  if (last?.input?.traces === tracesOf(sources) && last.output.traces === tracesOf(written)) return;
  const [input, output] = [seen(sources), seen(written)];
  const names = sources.join('\n');
  const isOutputKept = last?.output?.digest === output.digest;
  if (isOutputKept && last.input.digest === input.digest) {
    keep({ names, input, output });
    return;
  }
  const tsc = compiler();
  if (tsc === undefined) {
    // Built elsewhere, by the compiler itself: nothing here says that it is old.
    if (!last && existsSync('dist/src/main.js')) return;
    fail(
      'the sources differ from what was built, and no compiler is installed: `npm ci`, then again',
    );
  }
  // The compiler writes what has changed; what else there is, or is no longer, it does not look at.
  if (!isOutputKept || last.names !== names) {
    rmSync('dist', { recursive: true, force: true });
  }
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
  if (status !== 0) fail('the sources do not compile');
  cpSync(PAGE, join('dist', PAGE), { recursive: true });
  const { bundle } = await import('./bundle.js');
  await bundle();
  keep({ names, input, output: seen(writtenFiles()) });
}

await build();
