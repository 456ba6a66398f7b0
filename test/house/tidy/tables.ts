import ts from 'typescript';
import { isInSrc, type Rule, type Source } from './source.js';
import { FLOOR_PLAN, folderOf } from './structure.js';

const NAMED = /\b(?:FROM|JOIN|INTO|UPDATE)\s+"?([a-z_]+)"?/g;

/** Returns the folder of each table: the folder of its entity. */
function ownersOf(sources: readonly Source[]): Map<string, string> {
  const owners = new Map<string, string>();
  for (const { path, text } of sources) {
    const table = /@Entity\('(\w+)'/.exec(text)?.[1];
    const folder = folderOf(path);
    if (table !== undefined && folder !== undefined) owners.set(table, folder);
  }
  return owners;
}

const isText = (node: ts.Node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** Yields the tables that the SQL of a file names. */
function* tablesIn({ nodes }: Source): Generator<string> {
  for (const node of nodes.filter(isText)) {
    for (const [, table = ''] of node.getText().matchAll(NAMED)) yield table;
  }
}

const ownTables: Rule = {
  name: 'a table is named in the folder of its owner, or in one that may import it',
  breaches: (sources) => {
    const owners = ownersOf(sources);
    return sources.filter(isInSrc).flatMap((source) => {
      const folder = folderOf(source.path);
      if (folder === undefined || folder === 'database') return [];
      return [...new Set(tablesIn(source))]
        .filter((table) => {
          const owner = owners.get(table);
          return owner && owner !== folder && !FLOOR_PLAN.rooms[folder]?.includes(owner);
        })
        .map((table) => ({ path: source.path, what: `names the table ${table}` }));
    });
  },
  counterExamples: [
    {
      'src/chat/turn.entity.ts': "@Entity('turns') class Turn {}",
      'src/wallet/a.ts': 'read(`SELECT 1 FROM ledger_entries e LEFT JOIN turns t ON true`);',
    },
    {
      'src/wallet/holds/hold.entity.ts': "@Entity('holds') class Hold {}",
      'src/users/a.ts': "write('UPDATE holds SET amount = 1');",
    },
  ],
};

export const tables = [ownTables];
