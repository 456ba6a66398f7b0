import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A parsed file of the repository. Paths are relative to the repository and use `/`. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** All nodes of the file, outer nodes first. */
  readonly nodes: readonly ts.Node[];
}

/** A breach of a house rule. `what` describes it in a few words, which an exception must repeat. */
export interface Breach {
  readonly path: string;
  readonly what: string;
}

/** A house rule, and files that break it. The files prove that the rule can fail. */
export interface Rule {
  readonly name: string;
  readonly breaches: (sources: readonly Source[]) => Breach[];
  readonly counterExamples: readonly Readonly<Record<string, string>>[];
}

/** Makes a rule that looks at each file alone and yields its breaches. */
export const perFile =
  (look: (source: Source) => Iterable<string>): Rule['breaches'] =>
  (sources) =>
    sources.flatMap((source) => [...look(source)].map((what) => ({ path: source.path, what })));

function nodesOf(node: ts.Node): ts.Node[] {
  const nodes = [node];
  node.forEachChild((child) => {
    for (const inner of nodesOf(child)) nodes.push(inner);
  });
  return nodes;
}

export function parse(path: string, text: string): Source {
  return {
    path,
    text,
    nodes: nodesOf(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)),
  };
}

const isCode = (path: string) => /\.(ts|js)$/.test(path);

/** Returns every code file of the repository. */
export function readTree(): Source[] {
  const below = ['src', 'test', 'bench'].flatMap((folder) => {
    const options = { recursive: true, encoding: 'utf8' } as const;
    return readdirSync('.').includes(folder)
      ? readdirSync(folder, options).map((path) => join(folder, path))
      : [];
  });
  const paths = [...readdirSync('.'), ...below].filter(isCode).sort();
  return paths.map((path) => parse(path, readFileSync(path, 'utf8')));
}

export const isSpec = (path: string) => path.endsWith('.spec.ts');
export const isInSrc = ({ path }: Source) => path.startsWith('src/') && !isSpec(path);
