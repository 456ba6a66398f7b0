import './require-node.js';
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
 * Builds `dist` if the sources have changed since the last build, and otherwise does nothing. It compares contents, not
 * times, so a checkout, a copy or an interrupted build leaves nothing stale. Files are not read again if their size and
 * times are unchanged. `npm start` runs it each time.
 */
const STAMP = 'dist/.built';
const FOLDERS = ['src', 'bench'];
const FILES = [
  'ormconfig.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'bin/build.js',
  'bin/bundle.js',
];

process.chdir(join(import.meta.dirname, '..'));

/** Returns the files in a folder and below it, or none if the folder does not exist. */
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

/** Returns a digest of the files' sizes and times. If it is unchanged, so are the contents. */
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

/** Reads the times before the contents, so that a file that changes in between counts as changed the next time. */
const seen = (paths) => ({ traces: tracesOf(paths), digest: digestOf(paths) });

/** Saves the stamp for the next start. If it cannot be written, every start reads all files. */
function keep(stamp) {
  try {
    writeFileSync(STAMP, JSON.stringify(stamp));
  } catch {
    return;
  }
}

/** Returns the stamp of the last build. Undefined if there is none or it is not valid. */
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

/** Reads `nest-cli.json`: the compiler's configuration, and the folders that are copied unchanged, such as the page. */
function nestSettings() {
  const { sourceRoot, compilerOptions } = JSON.parse(readFileSync('nest-cli.json', 'utf8'));
  const assetFolders = compilerOptions.assets.map((glob) =>
    join(sourceRoot, glob.replace(/\/\*\*\/\*$/, '')),
  );
  return { tsConfigPath: compilerOptions.tsConfigPath, assetFolders };
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
    // `dist` was built elsewhere without a stamp, so nothing shows that it is old.
    if (!last && existsSync('dist/src/main.js')) return;
    if (!last) fail('nothing is built, and no compiler is installed: run `npm ci` first');
    fail(
      'the sources differ from what was built, and no compiler is installed: `npm ci`, then again',
    );
  }
  // The compiler does not remove other files from `dist`, nor the output of sources that were deleted.
  if (!isOutputKept || last.names !== names) {
    rmSync('dist', { recursive: true, force: true });
  }
  const { tsConfigPath, assetFolders } = nestSettings();
  const { status } = spawnSync(process.execPath, [tsc, '-p', tsConfigPath], { stdio: 'inherit' });
  if (status !== 0) fail('the sources do not compile');
  for (const folder of assetFolders) cpSync(folder, join('dist', folder), { recursive: true });
  const { bundle } = await import('./bundle.js');
  await bundle();
  keep({ names, input, output: seen(writtenFiles()) });
}

await build();
