import { Buffer } from 'node:buffer';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** What is started. Each is `src/<name>.ts`, and in `dist/src/<name>.js` its bundle takes the place of the module. */
const PROGRAMS = ['main', 'tallychat.main', 'admin.main', 'audit.main'];
const CHUNKS = 'dist/bundle';

/** Packages with a compiled part, which they look for beside themselves. */
const COMPILED = ['argon2', 'fs-native-extensions', 'sqlite3'];
/** What Nest asks for when a feature is used that is not used here. */
const NOT_INSTALLED = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
];

/** Drivers of databases that the service has not: a sixth of what a start reads would be theirs. */
const OTHER_DRIVER =
  /[\\/]typeorm[\\/]driver[\\/](?!postgres|sqlite)[\w-]+[\\/](\w+(?:Driver|QueryRunner))\.js$/;
/** What class-validator loads for a rule on phone numbers, which no field has. */
const PHONE_NUMBERS = /[\\/]libphonenumber-js[\\/]max[\\/]index\.cjs$/;

/** What stands in for a file of a package that nothing here uses; undefined for any other. */
function leftOut(path) {
  const [, driver] = OTHER_DRIVER.exec(path) ?? [];
  if (driver) return `exports.${driver} = class {};`;
  if (!PHONE_NUMBERS.test(path)) return undefined;
  return "module.exports = () => { throw new Error('phone numbers are left out'); };";
}

/** Says of a file that it has no source but itself, for all of it: a map of each package would be decoded with ours. */
const NO_SOURCE = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');

/** Where a class of a module begins, as tsc writes it, with a decorator or without. */
const CLASS = /^((?:export )?(?:default )?(?:let \w+ = (?:\w+ = )?)?class (\w+)[^{}\n]*\{)/gm;

/**
 * Has each class keep its name, which logs, traces and the OpenAPI document tell: esbuild gives one that names itself
 * another. It can do so itself (`keepNames`), but then names every closure too, whenever it is made: a fifth of a
 * request's time.
 */
const withNames = (text) =>
  text.replace(CLASS, "$1 static { Object.defineProperty(this, 'name', { value: '$2' }); }");

const address = (path) => relative(root, path).split(sep).join('/');

/**
 * What comes before all else: source maps, so that a stack trace names files and lines of `src`, and `reflect-metadata`. Of
 * modules that several files share esbuild does not keep the order, and classes of Nest need it when they are made.
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
    // tsc has compiled all else, for esbuild does not write the types that Nest and TypeORM read from decorators.
    onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, importer }) =>
      importer.endsWith('.ts') ? { path: join(root, 'dist/src', path) } : undefined,
    );
  },
};

/** Keeps what a module knows of itself: where it is, and, of our own, what it was compiled from. */
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

/** Takes the map from a file that holds packages alone: Node counts the lines of each file that has one, at each start. */
async function withoutIdleMap([output, { inputs }]) {
  const names = Object.keys(inputs);
  if (names.length === 0 || !names.every((name) => name.startsWith('node_modules/'))) return;
  const path = join(root, output);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/\n\/\/# sourceMappingURL=.*\n$/, '\n'));
  await rm(`${path}.map`);
}

/**
 * Puts the programs of `dist/src`, with the packages that they import, into a few files: to look for fifteen hundred
 * and to compile each took most of a start. Nothing is shortened. Throws where a package is not found.
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
    // What packages in CommonJS ask of Node itself.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [entries, places],
    logLevel: 'warning',
  });
  await Promise.all(Object.entries(metafile.outputs).map(withoutIdleMap));
}
