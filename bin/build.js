import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Makes `dist` what the sources say, and does nothing where it is that already: `npm start` asks each time.
 * It goes by contents, of what is read and of what was written, so neither a checkout, a copy nor a build that
 * was broken off leaves anything stale.
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

function look() {
  const read = FOLDERS.flatMap(filesIn).filter((path) => !path.endsWith('.spec.ts'));
  const sources = [...read, ...FILES.filter((path) => existsSync(path))].sort();
  const written = filesIn('dist').filter((path) => path !== join(STAMP));
  return { sources: sources.join('\n'), input: digestOf(sources), output: digestOf(written) };
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
  const now = look();
  const last = lastBuild();
  if (last?.input === now.input && last.output === now.output) return;
  const tsc = compiler();
  if (tsc === undefined) {
    // Built elsewhere, by the compiler itself: nothing here says that it is old.
    if (!last && existsSync('dist/src/main.js')) return;
    fail(
      'the sources differ from what was built, and no compiler is installed: `npm ci`, then again',
    );
  }
  // The compiler writes what has changed; what else there is, or is no longer, it does not look at.
  if (last?.output !== now.output || last.sources !== now.sources) {
    rmSync('dist', { recursive: true, force: true });
  }
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
  if (status !== 0) fail('the sources do not compile');
  cpSync(PAGE, join('dist', PAGE), { recursive: true });
  const { bundle } = await import('./bundle.js');
  await bundle();
  writeFileSync(STAMP, JSON.stringify({ ...now, output: look().output }));
}

await build();
