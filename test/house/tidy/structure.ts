import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { isInSrc, isSpec, perFile, resolveImport, type Rule } from './source.js';

/** The floor plan: which other folders a folder may import. `docs/ARCHITECTURE.md` explains it. */
export const FLOOR_PLAN: Readonly<Record<string, readonly string[]>> = {
  config: ['fields'],
  drf: [],
  fields: ['drf'],
  http: ['drf'],
  openapi: ['fields', 'http', 'drf'],
  database: [],
  metrics: [],
  models: ['metrics'],
  observability: ['database', 'openapi', 'http', 'fields'],
  users: ['database', 'http'],
  wallet: ['metrics', 'database', 'openapi', 'http', 'fields'],
  keys: ['users', 'wallet', 'database', 'openapi', 'http', 'fields'],
  accounts: ['auth', 'users', 'conversations', 'wallet', 'database', 'openapi', 'http', 'fields'],
  limits: ['metrics', 'wallet', 'database', 'http'],
  audit: ['conversations', 'users', 'wallet', 'database'],
  transfer: ['audit', 'database'],
  django: ['auth', 'users', 'conversations', 'wallet', 'database'],
  auth: ['keys', 'limits', 'users', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  conversations: ['models', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  usage: ['conversations', 'wallet', 'database', 'openapi', 'http', 'fields'],
  chat: ['conversations', 'models', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  embeddings: ['models', 'wallet', 'database', 'openapi', 'http', 'fields', 'drf'],
  openai: ['chat', 'conversations', 'models', 'openapi', 'http', 'fields', 'drf'],
  responses: ['chat', 'conversations', 'models', 'database', 'openapi', 'http', 'fields', 'drf'],
  web: ['http'],
  admin: [
    'accounts',
    'auth',
    'usage',
    'conversations',
    'users',
    'wallet',
    'database',
    'openapi',
    'http',
    'fields',
  ],
};
/** Files of `src` that every folder may import. They import nothing themselves. */
const SHARED_FILES = [
  'src/digest.ts',
  'src/new-id.ts',
  'src/errors.ts',
  'src/principal.ts',
  'src/time.ts',
  'src/tracing.ts',
];
/** Folders that every folder may import, except those that they import themselves. */
const SHARED_FOLDERS = ['config'];
const isSharedWith = (target: string, folder: string) =>
  SHARED_FOLDERS.includes(target) && !FLOOR_PLAN[target]?.includes(folder);
/** Files of `src` that assemble the service. */
const COMPOSITION_FILES = ['app.module', 'app.setup', 'app.watch', 'entities'].map(
  (stem) => `src/${stem}.ts`,
);
/** The folder of the commands may import everything. Only the entry files import it. */
const COMMANDS = 'commands';
const ENTRY = /^src\/(?:main|\w+\.main)\.ts$/;

/** Returns the folder of `src` that contains a path. */
export const folderOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

function mayImport(from: string, to: string): boolean {
  if (COMPOSITION_FILES.includes(from)) return folderOf(to) !== COMMANDS;
  const [folder, target] = [folderOf(from), folderOf(to)];
  if (folder === COMMANDS) return true;
  if (ENTRY.test(from)) return target === COMMANDS;
  if (folder === undefined) return isSpec(from) && SHARED_FILES.includes(to);
  const allowed = FLOOR_PLAN[folder];
  if (allowed === undefined) return false;
  if (isSpec(from) && to.startsWith('test/support/')) return true;
  if (target === undefined) return SHARED_FILES.includes(to);
  return target === folder || isSharedWith(target, folder) || allowed.includes(target);
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
  counterExamples: [
    { 'src/wallet/a.ts': "import { Chat } from '../chat/chat.service.js';" },
    { 'src/wallet/a.ts': "import type { Chat } from '../chat/chat.service.js';" },
    { 'src/models/providers/a.ts': "import '../../auth/authenticator.js';" },
    { 'src/http/a.ts': "const late = await import('../users/user.entity.js');" },
    { 'src/http/a.ts': "type User = import('../users/user.entity.js').User;" },
    { 'src/users/a.ts': "import { AppModule } from '../app.module.js';" },
    { 'src/users/a.ts': "import { app } from '../../test/support/app.js';" },
    { 'src/errors.ts': "import { toIso } from './time.js';" },
    { 'src/main.ts': "import { createApp } from './app.setup.js';" },
    { 'src/app.setup.ts': "import { runProgram } from './commands/program.js';" },
    { 'src/admin/a.ts': "import { nonEmptyText } from '../commands/arguments.js';" },
    { 'src/rest.ts': "import { toIso } from './time.js';" },
    { 'src/billing/a.ts': "import { toIso } from '../time.js';" },
    { 'src/fields/a.ts': "import type { Config } from '../config/config.js';" },
    { 'src/config/a.ts': "import { Wallet } from '../wallet/wallet.entity.js';" },
  ],
};

const INJECTED_MAX = 5;

const fewInjected: Rule = {
  name: 'a class is injected with at most five others',
  breaches: perFile((source) => {
    if (!isInSrc(source)) return [];
    const classes = source.nodes.filter((node) => ts.isClassDeclaration(node));
    return classes
      .filter((node) => (ts.getDecorators(node) ?? []).length > 0)
      .filter(({ members }) =>
        members.some(
          (member) =>
            ts.isConstructorDeclaration(member) && member.parameters.length > INJECTED_MAX,
        ),
      )
      .map(({ name }) => name?.text ?? 'a class');
  }),
  counterExamples: [
    {
      'src/a.ts':
        '@Injectable() class A { constructor(private a: B, b: C, c: D, d: E, e: F, @Inject(X) f: G) {} }',
    },
  ],
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
  counterExamples: [{ 'src/database/migrations/columns.ts': '' }, {}],
};

export const structure = [floorPlan, fewInjected, frozenMigrations];
