import ts from 'typescript';
import { isInSrc, isSpec, perFile, stemOf, type Rule, type Source } from './source.js';

const FILE_LINES_MAX = 250;
const FUNCTION_LINES_MAX = 50;
const MEDIAN_LINES_MAX = 70;

const linesIn = (text: string) => text.trimEnd().split('\n').length;
const longText = (lines: number) => 'const a = 1;\n'.repeat(lines);

const shortFiles: Rule = {
  name: `no file is longer than ${String(FILE_LINES_MAX)} lines`,
  breaches: perFile(({ text }) => {
    const lines = linesIn(text);
    return lines > FILE_LINES_MAX ? ['is too long'] : [];
  }),
  broken: [
    { 'src/chat/a.ts': longText(FILE_LINES_MAX + 1) },
    { 'bench/a.ts': longText(FILE_LINES_MAX + 1) },
  ],
};

const shortMedian: Rule = {
  name: `half of the files in src have at most ${String(MEDIAN_LINES_MAX)} lines`,
  breaches: (sources) => {
    const lengths = sources.filter(isInSrc).map(({ text }) => linesIn(text));
    const median = lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
    return median > MEDIAN_LINES_MAX ? [{ path: 'src', what: `median ${String(median)}` }] : [];
  },
  broken: [{ 'src/a.ts': longText(71), 'src/b.ts': longText(71), 'src/c.ts': '' }],
};

const shortFunctions: Rule = {
  name: `no function in src is longer than ${String(FUNCTION_LINES_MAX)} lines`,
  breaches: perFile(function* (source) {
    if (!isInSrc(source)) return;
    for (const node of source.nodes) {
      const lines = ts.isFunctionLike(node) ? linesIn(node.getText()) : 0;
      if (lines > FUNCTION_LINES_MAX) yield `a function of ${String(lines)} lines`;
    }
  }),
  broken: [
    { 'src/a.ts': `function a() {\n${longText(FUNCTION_LINES_MAX)}}` },
    { 'src/a.ts': `const a = () => {\n${longText(FUNCTION_LINES_MAX)}};` },
    { 'src/a.ts': `class A { a() {\n${longText(FUNCTION_LINES_MAX)}} }` },
  ],
};

/** Say nothing wherever they stand in a name. */
const EMPTY_WORDS = ['util', 'utils', 'helper', 'helpers', 'manager', 'info'];
/** Say nothing alone. */
const EMPTY_NAMES = ['common', 'data'];
/** Say nothing of what a function does. */
const EMPTY_VERB = /^(handle|process)([A-Z_]|$)/;

const wordsOf = (name: string) =>
  name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());

const isEmptyName = (name: string) =>
  EMPTY_NAMES.includes(name.toLowerCase()) ||
  wordsOf(name).some((word) => EMPTY_WORDS.includes(word));

/** The names that a file makes up: not those it takes from elsewhere, nor the fields of the wire. */
function* namesMadeIn(source: Source): Generator<{ name: string; isFunction: boolean }> {
  for (const node of source.nodes) {
    const isVariable = ts.isVariableDeclaration(node);
    const isFunction =
      ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      (isVariable && node.initializer !== undefined && ts.isArrowFunction(node.initializer));
    const makes =
      isFunction ||
      isVariable ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isPropertyDeclaration(node) ||
      ts.isGetAccessor(node) ||
      ts.isClassDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isEnumDeclaration(node);
    if (makes && node.name && ts.isIdentifier(node.name))
      yield { name: node.name.text, isFunction };
  }
}

const meaningfulNames: Rule = {
  name: 'names say something',
  breaches: perFile(function* (source) {
    if (isEmptyName(stemOf(source.path))) yield `the file is named ${stemOf(source.path)}`;
    for (const { name, isFunction } of namesMadeIn(source)) {
      if (isEmptyName(name) || (isFunction && EMPTY_VERB.test(name))) yield name;
    }
  }),
  broken: [
    { 'src/utils.ts': '' },
    { 'test/support/http-helpers.ts': '' },
    { 'src/chat/chat.manager.ts': '' },
    { 'src/a.ts': 'class WalletManager {}' },
    { 'src/a.ts': 'const userInfo = 1;' },
    { 'src/a.ts': 'const { data } = answer;' },
    { 'src/a.ts': 'function take(common: string) {}' },
    { 'src/a.ts': 'interface Data { a: string }' },
    { 'src/a.ts': 'const handleRequest = () => 1;' },
    { 'src/a.ts': 'class A { process() {} }' },
  ],
};

/** Spelled in two halves, so that this file does not break its own rule. */
const LATER = ['TO', 'FIX'].map((half, index) => half + (['DO', 'ME'][index] ?? ''));

const noOpenEnds: Rule = {
  name: 'nothing is left for later in a comment',
  breaches: perFile(({ text }) => LATER.filter((word) => new RegExp(`\\b${word}\\b`).test(text))),
  broken: [{ 'src/a.ts': `// ${LATER.join(' or ')}: later` }],
};

const namedSpecs: Rule = {
  name: 'a test says in the present tense what holds',
  breaches: perFile(function* ({ path, nodes }) {
    if (!isSpec(path)) return;
    for (const node of nodes) {
      if (ts.isStringLiteralLike(node) && /^should /.test(node.text)) yield node.text;
    }
  }),
  broken: [{ 'test/a.spec.ts': "it('should work', () => {});" }],
};

export const wording = [
  shortFiles,
  shortMedian,
  shortFunctions,
  meaningfulNames,
  noOpenEnds,
  namedSpecs,
];
