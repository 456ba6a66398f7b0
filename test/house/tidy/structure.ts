import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import ts from 'typescript';
import { isSpec, perFile, resolveImport, type Rule, type Source } from './source.js';

/** The floor plan: what a folder may import beside itself. `docs/ARCHITECTURE.md` says why. */
export const FLOOR_PLAN: Readonly<Record<string, readonly string[]>> = {
  config: ['fields'],
  drf: [],
  fields: ['drf'],
  http: ['drf'],
  openapi: ['fields', 'http', 'drf'],
  database: [],
  models: [],
  observability: ['database', 'openapi', 'http', 'fields'],
  users: ['database', 'http'],
  wallet: ['database', 'openapi', 'http', 'fields'],
  auth: ['users', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  conversations: ['models', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  usage: ['conversations', 'wallet', 'database', 'openapi', 'http', 'fields'],
  chat: ['conversations', 'models', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  openai: ['chat', 'conversations', 'models', 'openapi', 'http', 'fields', 'drf'],
  web: ['http'],
  admin: ['users', 'wallet', 'database', 'openapi', 'http', 'fields'],
};
/** Root pages that every folder may open, and that open nothing themselves. */
const OPEN_PAGES = ['src/digest.ts', 'src/errors.ts', 'src/principal.ts', 'src/time.ts'];
/** What every folder may import, but for those that it imports itself. */
const OPEN_FOLDERS = ['config'];
const isOpenTo = (target: string, folder: string) =>
  OPEN_FOLDERS.includes(target) && !FLOOR_PLAN[target]?.includes(folder);
/** Root pages that put the folders together. */
const SEES_ALL = ['app.module', 'app.setup', 'main', 'entities', 'admin.main', 'audit.main'].map(
  (stem) => `src/${stem}.ts`,
);

/** The folder of `src` that a path is in. */
export const folderOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

function mayImport(from: string, to: string): boolean {
  if (SEES_ALL.includes(from)) return true;
  const [folder, target] = [folderOf(from), folderOf(to)];
  if (folder === undefined) return isSpec(from) && OPEN_PAGES.includes(to);
  const allowed = FLOOR_PLAN[folder];
  if (allowed === undefined) return false;
  if (isSpec(from) && to.startsWith('test/support/')) return true;
  if (target === undefined) return OPEN_PAGES.includes(to);
  return target === folder || isOpenTo(target, folder) || allowed.includes(target);
}

const floorPlan: Rule = {
  name: 'a folder imports what the floor plan lists',
  breaches: perFile((source) => {
    if (!source.path.startsWith('src/')) return [];
    const targets = source.imports.map((text) => resolveImport(source.path, text));
    return targets
      .filter((target) => target !== undefined)
      .filter((target) => !mayImport(source.path, target))
      .map((target) => `imports ${target}`);
  }),
  broken: [
    { 'src/wallet/a.ts': "import { Chat } from '../chat/chat.service.js';" },
    { 'src/wallet/a.ts': "import type { Chat } from '../chat/chat.service.js';" },
    { 'src/models/providers/a.ts': "import '../../auth/authenticator.js';" },
    { 'src/http/a.ts': "const late = await import('../users/user.entity.js');" },
    { 'src/http/a.ts': "type User = import('../users/user.entity.js').User;" },
    { 'src/users/a.ts': "import { AppModule } from '../app.module.js';" },
    { 'src/users/a.ts': "import { app } from '../../test/support/app.js';" },
    { 'src/errors.ts': "import { toIso } from './time.js';" },
    { 'src/rest.ts': "import { toIso } from './time.js';" },
    { 'src/billing/a.ts': "import { toIso } from '../time.js';" },
    { 'src/fields/a.ts': "import type { Config } from '../config/config.js';" },
    { 'src/config/a.ts': "import { Wallet } from '../wallet/wallet.entity.js';" },
  ],
};

const NO_CYCLES = ['forwardRef', 'ManyToOne', 'OneToMany', 'OneToOne', 'ManyToMany'];

const noCycles: Rule = {
  name: 'no forwardRef, and no relation between entities',
  breaches: perFile(function* ({ nodes }) {
    for (const node of nodes) {
      if (ts.isIdentifier(node) && NO_CYCLES.includes(node.text)) yield node.text;
    }
  }),
  broken: [
    { 'src/chat/a.ts': '@Inject(forwardRef(() => B)) b: B;' },
    { 'src/chat/a.ts': 'class A { @ManyToOne(() => User) user!: User; }' },
  ],
};

const noBarrels: Rule = {
  name: 'no index file, and no barrel',
  breaches: perFile(function* ({ path, nodes }) {
    if (/^index\./.test(basename(path))) yield 'is an index file';
    for (const node of nodes) {
      if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
        yield `re-exports ${node.moduleSpecifier.getText()}`;
      }
    }
  }),
  broken: [
    { 'src/chat/index.ts': 'export const a = 1;' },
    { 'src/chat/a.ts': "export * from './b.js';" },
    { 'test/support/a.ts': "export { b } from './b.js';" },
  ],
};

/** What npm, Jest and the other tools are set to, and the page on which people read what to start. */
const TOOL_FILES = ['package.json', 'jest.config.js', 'stryker.config.json', 'README.md'];

/** Whether a tool opens the file by name: each of those in the first folder, and what they name. */
function isNamedByTools(path: string, texts: readonly string[]): boolean {
  const built = `dist/${path.replace(/\.ts$/, '.js')}`;
  return !path.includes('/') || texts.some((text) => text.includes(path) || text.includes(built));
}

/** By an import, by the module that it declares, or by its name in quotes: a file to read, serve or start. */
function isUsed(source: Source, sources: readonly Source[]): boolean {
  const declared = /declare module '([^']+)'/.exec(source.text)?.[1];
  const name = basename(source.path);
  const quoted = [`'${name}'`, `'${name.replace(/\.ts$/, '.js')}'`];
  return sources.some(
    (other) =>
      quoted.some((text) => other.text.includes(text)) ||
      other.imports.some(
        (text) => text === declared || resolveImport(other.path, text) === source.path,
      ),
  );
}

const noOrphans: Rule = {
  name: 'every file is imported, or started by name',
  breaches: (sources) => {
    const tools = TOOL_FILES.map((path) => readFileSync(path, 'utf8'));
    return sources
      .filter(({ path }) => !isSpec(path) && !isNamedByTools(path, tools))
      .filter((source) => !isUsed(source, sources))
      .map(({ path }) => ({ path, what: 'nobody imports it' }));
  },
  broken: [{ 'src/chat/orphan.ts': 'export const a = 1;', 'src/chat/chat.dto.ts': '' }],
};

const RELEASED = 'test/released-migrations.json';

const frozenMigrations: Rule = {
  name: 'a released migration stays as it was released',
  breaches: (sources) => {
    const released = JSON.parse(readFileSync(RELEASED, 'utf8')) as Record<string, string>;
    return Object.entries(released).flatMap(([path, checksum]) => {
      const text = sources.find((source) => source.path === path)?.text;
      const now = createHash('sha256')
        .update(text ?? '')
        .digest('hex');
      return now === checksum ? [] : [{ path, what: 'was edited: add a migration instead' }];
    });
  },
  broken: [{ 'src/database/migrations/columns.ts': '' }, {}],
};

export const structure = [floorPlan, noCycles, noBarrels, noOrphans, frozenMigrations];
