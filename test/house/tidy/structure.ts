import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isInSrc, isSpec, type Rule } from './source.js';

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

const ROOM_SHARE_MAX = 1 / 6;

const smallRooms: Rule = {
  name: 'no folder of src has more than a sixth of its lines',
  breaches: (sources) => {
    const lines = new Map<string, number>();
    for (const source of sources.filter(isInSrc)) {
      const folder = folderOf(source.path) ?? '';
      lines.set(folder, (lines.get(folder) ?? 0) + source.text.split('\n').length);
    }
    const all = [...lines.values()].reduce((sum, one) => sum + one, 0);
    return [...lines]
      .filter(([folder, own]) => folder !== '' && own > all * ROOM_SHARE_MAX)
      .map(([folder, own]) => ({ path: `src/${folder}`, what: `${String(own)} lines` }));
  },
  counterExamples: [{ 'src/chat/a.ts': 'a\nb\nc\n', 'src/wallet/a.ts': 'a\n' }],
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

export const structure = [noFileWithoutPlace, smallRooms, frozenMigrations];
