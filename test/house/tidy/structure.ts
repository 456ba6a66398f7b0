import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isSpec, type Rule } from './source.js';

interface FloorPlan {
  /** What each folder of `src` may import besides itself. `docs/ARCHITECTURE.md` explains it. */
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  /** Files of `src` that every folder may import. They import nothing themselves. */
  readonly openFiles: readonly string[];
  /** Files of `src` that assemble the service. */
  readonly compositionFiles: readonly string[];
}

/** ESLint checks imports by the same file. */
export const FLOOR_PLAN = JSON.parse(
  readFileSync('test/house/floor-plan.json', 'utf8'),
) as FloorPlan;
/** The folder of the commands may import everything. Only the entry files import it. */
const COMMANDS = 'commands';
const ENTRY = /^(?:main|\w+\.main)\.ts$/;

/** Returns the folder of `src` that contains a path. */
export const folderOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

const hasPlace = (path: string): boolean => {
  const folder = folderOf(path);
  if (folder !== undefined) return folder === COMMANDS || folder in FLOOR_PLAN.rooms;
  const file = path.slice('src/'.length);
  return (
    ENTRY.test(file) || [...FLOOR_PLAN.openFiles, ...FLOOR_PLAN.compositionFiles].includes(file)
  );
};

const noFileWithoutPlace: Rule = {
  name: 'the floor plan has a place for each file of src',
  breaches: (sources) =>
    sources
      .filter(({ path }) => path.startsWith('src/') && !isSpec(path) && !hasPlace(path))
      .map(({ path }) => ({ path, what: 'is not in the floor plan' })),
  counterExamples: [{ 'src/rest.ts': '' }, { 'src/billing/a.ts': '' }],
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

export const structure = [noFileWithoutPlace, frozenMigrations];
