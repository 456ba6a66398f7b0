import { readFileSync } from 'node:fs';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import jest from 'eslint-plugin-jest';
import n from 'eslint-plugin-n';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

/** Node's globals in the few plain JavaScript files. */
const node = readonly(
  'clearTimeout',
  'console',
  'fetch',
  'globalThis',
  'process',
  'setTimeout',
  'URL',
);

/** The browser's globals in the page. */
const browser = readonly(
  'AbortController',
  'addEventListener',
  'cancelAnimationFrame',
  'crypto',
  'document',
  'fetch',
  'FormData',
  'getComputedStyle',
  'history',
  'localStorage',
  'location',
  'matchMedia',
  'navigator',
  'removeEventListener',
  'requestAnimationFrame',
  'ResizeObserver',
  'sessionStorage',
  'setTimeout',
  'TextDecoderStream',
);

/** Names that a file defines. Imported names and fields of the API do not count. */
const MADE_NAMES = [
  ':matches(VariableDeclarator, FunctionDeclaration, ClassDeclaration) > Identifier.id',
  ':matches(TSInterfaceDeclaration, TSTypeAliasDeclaration, TSEnumDeclaration) > Identifier.id',
  ':function > Identifier.params',
  'TSParameterProperty > Identifier',
  'ObjectPattern > Property > Identifier.value',
  'AssignmentPattern > Identifier.left',
  ':matches(PropertyDefinition, MethodDefinition) > Identifier.key',
];
const MADE_FUNCTIONS = [
  'FunctionDeclaration > Identifier.id',
  'MethodDefinition > Identifier.key',
  'VariableDeclarator[init.type="ArrowFunctionExpression"] > Identifier.id',
];
/** Words without meaning anywhere in a name, and two that have none as a whole name. */
const EMPTY_NAME =
  '/^(common|data|Common|Data)$|((?<![A-Za-z])(utils?|helpers?|manager|info)|Utils?|Helpers?|Manager|Info)(?![a-z])/';
const EMPTY_VERB = '/^(handle|process)([A-Z_]|$)/';
const named = (selectors, pattern) => selectors.map((one) => `${one}[name=${pattern}]`).join(', ');

const HOUSE_SYNTAX = [
  { selector: named(MADE_NAMES, EMPTY_NAME), message: 'The name says nothing.' },
  { selector: named(MADE_FUNCTIONS, EMPTY_VERB), message: 'Name what the function does.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file itself.' },
  {
    selector: 'ExportNamedDeclaration[source]',
    message: 'No barrels: import from the file itself.',
  },
  {
    selector: 'Identifier[name=/^(forwardRef|(One|Many)To(One|Many))$/]',
    message: 'No circles between modules, and no relations between entities.',
  },
  {
    selector:
      'ClassDeclaration[decorators.length>0] > ClassBody > MethodDefinition[kind="constructor"] > FunctionExpression[params.length>5]',
    message: 'Inject at most five others: split the class by verb.',
  },
];

/** The floor plan of `docs/ARCHITECTURE.md`: what each folder of `src` may import besides itself. */
const { rooms, openRooms, openFiles, compositionFiles } = JSON.parse(
  readFileSync(new URL('test/house/floor-plan.json', import.meta.url), 'utf8'),
);
const inSrc = (names) => names.map((name) => `./src/${name}`);
const isOpenTo = (room) => (open) => ![open, ...rooms[open]].includes(room);
const FLOOR_PLAN_ZONES = [
  ...Object.entries(rooms).map(([room, others]) => ({
    target: `./src/${room}`,
    from: './src',
    except: [room, ...others, ...openFiles, ...openRooms.filter(isOpenTo(room))].map(
      (it) => `./${it}`,
    ),
  })),
  { target: inSrc(openFiles), from: './src' },
  { target: inSrc(compositionFiles), from: './src/commands' },
  { target: inSrc(['main.ts', '*.main.ts']), from: './src', except: ['./commands'] },
  { target: './src/**/!(*.spec).ts', from: './test' },
].map((zone) => ({ ...zone, message: 'docs/ARCHITECTURE.md has the floor plan.' }));

/** The files that may read the environment. In `src` only `config.ts` may. */
const READS_ENVIRONMENT = [
  'src/config/config.ts',
  // Jest's setup passes values to the specs through the environment.
  'test/support/{databases,schema-mismatches}.ts',
  'test/support/{postgres.setup,run.setup,run.teardown,count.reporter}.js',
  'test/run.js',
  // TEST_EFFORT, TEST_SEED and TEST_NODES are set for a run.
  'test/support/{effort,seeded-random,other-nodes}.ts',
  // `.ci/run` sets the time after which no heavy file starts.
  'test/support/runner/not-too-late.runner.js',
  // `npm run screenshots` sets the folder of the pictures.
  'test/pages/web-pictures.spec.ts',
  // A process that starts other processes needs PATH.
  'test/support/service.ts',
  'bench/server-process.ts',
  // A run with mutants gets its specs through the environment.
  'test/support/runner/jest-globals.js',
  'test/mutants/specs.js',
];

export default defineConfig(
  { ignores: ['dist/', 'data/', 'coverage/'] },
  js.configs.recommended,
  { files: ['**/*.{js,cjs}'], languageOptions: { globals: node } },
  { files: ['src/web/page/*.js'], languageOptions: { globals: browser } },
  {
    plugins: { n },
    rules: {
      'max-lines': ['error', 250],
      'n/no-process-env': 'error',
      'no-restricted-syntax': ['error', ...HOUSE_SYNTAX],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme'], location: 'anywhere' }],
    },
  },
  {
    // These patterns are applied to callers' texts.
    files: ['src/**/*.{ts,js}'],
    extends: [regexp.configs.recommended],
    rules: {
      // Backtracking, or a new start at each letter, takes time in the square of the text's length.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': 'error',
      // The ranges come from Django and from standards.
      'regexp/no-obscure-range': 'off',
    },
  },
  { files: READS_ENVIRONMENT, rules: { 'n/no-process-env': 'off' } },
  // All errors of the API are in one file.
  { files: ['src/errors.ts'], rules: { 'max-lines': 'off' } },
  {
    // These files use names of server-sent events, OpenAI's clients and TypeORM.
    files: [
      'src/web/page/page.js',
      'src/openai/completion-answers.dto.ts',
      'src/embeddings/embeddings.dto.ts',
      'src/database/read-connection.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/{,*[-.]}{util,utils,helper,helpers,manager,info,common,index}{,[-.]*}.{ts,js}'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Program', message: 'The file name says nothing.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'max-lines-per-function': ['error', 50] },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        { basePath: import.meta.dirname, zones: FLOOR_PLAN_ZONES },
      ],
      // A Nest module is an empty class with a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // An entity only describes a row, so an object literal of that shape is valid.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  {
    files: ['src/**/*.controller.ts'],
    // The return type names the DTO, which the schema is made from.
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    plugins: { jest },
    rules: {
      'jest/no-focused-tests': 'error',
      'jest/valid-title': ['error', { mustNotMatch: { it: '^should ', test: '^should ' } }],
      // Specs read JSON answers and assert their shape.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
);
