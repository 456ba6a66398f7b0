import ts from 'typescript';
import { isInSrc, perFile, type Rule } from './source.js';

/** TypeORM's methods that write. */
const WRITES = new Set(
  'save insert update upsert delete remove softDelete softRemove restore recover increment decrement clear query transaction'.split(
    ' ',
  ),
);
const WRITING_SQL = /\b(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE)\b/i;

const isInDatabase = (path: string) => path.startsWith('src/database/');

/**
 * Returns the first name of an expression: `tx` for `tx.manager.insert(…)` and `(await
 * tx.repository(User)).update(…)`.
 */
function rootOf(node: ts.Expression): string {
  if (ts.isParenthesizedExpression(node) || ts.isAwaitExpression(node)) {
    return rootOf(node.expression);
  }
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) {
    return rootOf(node.expression);
  }
  return node.getText();
}

function isWriteOutsideUnitOfWork(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const { name, expression } = node.expression;
  const viaTypeOrm = /(\bmanager|createQueryBuilder|repository)\b/i.test(expression.getText());
  return viaTypeOrm && WRITES.has(name.text) && rootOf(expression) !== 'tx';
}

/**
 * Checks whether the text is an argument of `tx.write(…)`, directly or through a constant that is used nowhere
 * else.
 */
function goesToTx(node: ts.Node, nodes: readonly ts.Node[]): boolean {
  const { parent } = node;
  if (ts.isCallExpression(parent)) return parent.expression.getText() === 'tx.write';
  if (!ts.isVariableDeclaration(parent))
    return ts.isConditionalExpression(parent) && goesToTx(parent, nodes);
  const uses = nodes.filter(
    (other) =>
      ts.isIdentifier(other) &&
      other.text === parent.name.getText() &&
      !ts.isVariableDeclaration(other.parent),
  );
  return uses.length > 0 && uses.every((use) => goesToTx(use, nodes));
}

const isText = (node: ts.Node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

const writesThroughUnitOfWork: Rule = {
  name: 'a write goes through the unit of work',
  breaches: perFile(function* (source) {
    if (!isInSrc(source) || isInDatabase(source.path)) return;
    for (const node of source.nodes) {
      if (isWriteOutsideUnitOfWork(node)) yield node.getText().split('\n')[0] ?? '';
      if (isText(node) && WRITING_SQL.test(node.getText()) && !goesToTx(node, source.nodes)) {
        yield node.getText().split('\n')[0] ?? '';
      }
    }
  }),
  counterExamples: [
    { 'src/a.ts': 'await this.reader.manager.update(User, { id }, { email });' },
    { 'src/a.ts': 'await this.reader.manager.createQueryBuilder().delete().from(User).execute();' },
    { 'src/a.ts': 'await userRepository.save(user);' },
    { 'src/a.ts': 'await (await this.reader.repository(User)).update({ id }, { email });' },
    { 'src/a.ts': 'await this.reader.read(`/* x */ UPDATE users SET email = $1`, []);' },
    { 'src/a.ts': "await this.reader.read('WITH a AS (DELETE FROM users) SELECT 1', []);" },
    { 'src/a.ts': 'const SQL = `INSERT INTO users VALUES ($1)`; await reader.read(SQL, []);' },
    { 'src/a.ts': 'const SQL = `INSERT INTO users VALUES ($1)`; tx.write(SQL); reader.read(SQL);' },
  ],
};

const writesReturnRows: Rule = {
  name: 'a write returns the rows that it changed',
  breaches: perFile(function* (source) {
    if (!isInSrc(source) || isInDatabase(source.path)) return;
    for (const node of source.nodes.filter(isText)) {
      const isWrite = WRITING_SQL.test(node.getText()) && goesToTx(node, source.nodes);
      if (isWrite && !/\bRETURNING\b/.test(node.getText())) yield node.getText();
    }
  }),
  counterExamples: [{ 'src/a.ts': 'await tx.write(`/* x */ UPDATE users SET email = $1`, []);' }],
};

const TYPEORM_CONNECTIONS = new Set(
  'DataSource EntityManager QueryRunner Repository InjectRepository InjectDataSource InjectEntityManager getRepository createQueryRunner BaseEntity'.split(
    ' ',
  ),
);

const connectionsInDatabaseOnly: Rule = {
  name: 'connections are known in src/database',
  breaches: perFile((source) => {
    if (!isInSrc(source) || isInDatabase(source.path)) return [];
    const names = source.nodes.filter((node) => ts.isIdentifier(node)).map(({ text }) => text);
    return new Set(names.filter((name) => TYPEORM_CONNECTIONS.has(name)));
  }),
  counterExamples: [
    { 'src/a.ts': 'constructor(private readonly dataSource: DataSource) {}' },
    { 'src/a.ts': 'class A { constructor(@InjectRepository(User) private users: Users) {} }' },
    { 'src/a.ts': 'const runner = source.createQueryRunner();' },
  ],
};

export const reach = [writesThroughUnitOfWork, writesReturnRows, connectionsInDatabaseOnly];
