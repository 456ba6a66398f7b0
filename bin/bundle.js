import { Buffer } from 'node:buffer';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** The programs. Each one is `src/<name>.ts`. Its bundle replaces the module `dist/src/<name>.js`. */
const PROGRAMS = ['main', 'tallychat.main', 'admin.main', 'audit.main'];
const CHUNKS = 'dist/bundle';

/** Packages with a compiled part, which they load from their own folder. */
const COMPILED = ['argon2', 'fs-native-extensions', 'sqlite3'];
/** Packages of Nest features that the service does not use. */
const NOT_INSTALLED = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
];

/** Drivers of other databases. They would be a sixth of the code that a start reads. */
const OTHER_DRIVER =
  /[\\/]typeorm[\\/]driver[\\/](?!postgres|sqlite)[\w-]+[\\/](\w+(?:Driver|QueryRunner))\.js$/;
/** A package that class-validator loads for phone numbers. No field is one. */
const PHONE_NUMBERS = /[\\/]libphonenumber-js[\\/]max[\\/]index\.cjs$/;

/** Returns a replacement for a file of a package that is not used, and undefined for any other file. */
function leftOut(path) {
  const [, driver] = OTHER_DRIVER.exec(path) ?? [];
  if (driver) return `exports.${driver} = class {};`;
  if (!PHONE_NUMBERS.test(path)) return undefined;
  return "module.exports = () => { throw new Error('phone numbers are left out'); };";
}

/** A source map that maps a whole file to itself, because Node would otherwise decode the maps of all packages too. */
const NO_SOURCE = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');

/** Matches the start of a class as tsc writes it, with or without a decorator. */
const CLASS = /^((?:export )?(?:default )?(?:let \w+ = (?:\w+ = )?)?class (\w+)[^{}\n]*\{)/gm;

/**
 * Keeps the names of classes, which logs, traces and the OpenAPI document show: esbuild renames a class that refers to
 * itself. Its own option `keepNames` also names every closure each time it is created, which takes a fifth of a
 * request's time.
 */
const withNames = (text) =>
  text.replace(CLASS, "$1 static { Object.defineProperty(this, 'name', { value: '$2' }); }");

const address = (path) => relative(root, path).split(sep).join('/');

/**
 * Runs before all other code: source maps, so that stack traces name files and lines of `src`, and `reflect-metadata`,
 * which Nest's classes need when they are defined. esbuild does not keep the order of modules that several files share.
 */
const FIRST = "import 'reflect-metadata'; process.setSourceMapsEnabled(true);";

const entries = {
  name: 'entries',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^program:/ }, ({ path }) => ({ path, namespace: 'program' }));
    onLoad({ filter: /./, namespace: 'program' }, ({ path }) => ({
      contents: `${FIRST} await import('./src/${path.slice(8)}.ts');`,
      resolveDir: root,
    }));
    // All other code was compiled by tsc, because esbuild does not emit the types that Nest and TypeORM read.
    onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, importer }) =>
      importer.endsWith('.ts') ? { path: join(root, 'dist/src', path) } : undefined,
    );
  },
};

/** Keeps `import.meta.url` of our modules, and gives files of packages a trivial source map. */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist[\\/]src[\\/].*\.js$/ }, async ({ path }) => {
      const place = posix.relative(CHUNKS, address(path));
      const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      const text = withNames(await readFile(path, 'utf8'));
      return { contents: text.replaceAll('import.meta.url', url) };
    });
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
      const text = leftOut(path) ?? (await readFile(path, 'utf8'));
      const map = `//# sourceMappingURL=data:application/json;base64,${NO_SOURCE}`;
      return { contents: `${withNames(text)}\n${map}` };
    });
  },
};

/** Removes the source map of a file that contains only packages: Node counts the lines of each mapped file at a start. */
async function withoutIdleMap([output, { inputs }]) {
  const names = Object.keys(inputs);
  if (names.length === 0 || !names.every((name) => name.startsWith('node_modules/'))) return;
  const path = join(root, output);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/\n\/\/# sourceMappingURL=.*\n$/, '\n'));
  await rm(`${path}.map`);
}

/**
 * Bundles the programs of `dist/src` and their packages into a few files, because finding and compiling 1,500 files took
 * most of a start. Nothing is minified. Throws if a package is not found.
 */
export async function bundle() {
  rmSync(join(root, CHUNKS), { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: PROGRAMS.map((name) => ({ in: `program:${name}`, out: `src/${name}` })),
    outdir: 'dist',
    chunkNames: 'bundle/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    external: [...COMPILED, ...NOT_INSTALLED],
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    // CommonJS packages call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [entries, places],
    logLevel: 'warning',
  });
  await Promise.all(Object.entries(metafile.outputs).map(withoutIdleMap));
}
