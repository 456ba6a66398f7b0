import ts from 'typescript';
import { codeFiles, type CodeFile } from '../../support/code-files.js';

/** A parsed file of the repository. */
export interface Source extends CodeFile {
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

/** Returns every code file of the repository, parsed. */
export const readTree = (): Source[] => codeFiles().map(({ path, text }) => parse(path, text));

export const isSpec = (path: string) => path.endsWith('.spec.ts');
export const isInSrc = ({ path }: Source) => path.startsWith('src/') && !isSpec(path);
