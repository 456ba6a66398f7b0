import { describe, expect, it } from '@jest/globals';
import { readDefinition } from './sqlite-definition.js';

const checksOf = (sql: string) => readDefinition(sql).checks;

describe('readDefinition', () => {
  it('reads the CHECK constraints of columns and of the table, with parentheses in them', () => {
    const sql = `CREATE TABLE "w" ("a" bigint CHECK (("a" > 0) OR a IN (-1, -2)), CONSTRAINT "c" CHECK ("a" < 9))`;
    expect(checksOf(sql)).toEqual(['( a > 0 ) or a in ( - 1 , - 2 )', 'a < 9']);
  });

  it.each([
    `create table w(a, check(a>=0 and b='X (Y)'))`,
    `CREATE TABLE [w] ([a], CONSTRAINT x CHECK\n(\t"A" >/* more */= 0 -- why\n AND \`b\` = 'X (Y)'))`,
  ])('writes one expression in one way: %j', (sql) => {
    expect(checksOf(sql)).toEqual(["a > = 0 and b = 'X (Y)'"]);
  });

  it.each([
    `CREATE TABLE w (a bigint /* CHECK (a > 0) */)`,
    `CREATE TABLE w (a bigint -- CHECK (a > 0)\n)`,
    `CREATE TABLE w (a text DEFAULT 'CHECK (a > 0)')`,
    `CREATE TABLE w ("CHECK (a > 0)" bigint)`,
    `CREATE TABLE w ("check" (a))`,
    `CREATE TABLE w (a bigint) /* CHECK (a > 0)`,
  ])('takes no comment, text or name for a constraint: %j', (sql) => {
    expect(checksOf(sql)).toEqual([]);
  });

  it.each([
    ['CREATE TABLE w (a UNIQUE ON CONFLICT REPLACE)', true],
    ['CREATE TABLE w (a, UNIQUE (a) on/**/conflict ignore)', true],
    ['CREATE TABLE w (a REFERENCES p (a) ON DELETE CASCADE)', false],
    [`CREATE TABLE w (a DEFAULT 'ON CONFLICT REPLACE', "on" conflict)`, false],
  ])('notices an ON CONFLICT clause: %j', (sql, expected) => {
    expect(readDefinition(sql).hasConflictClause).toBe(expected);
  });

  it.each(['/*', "'", "''", '"', '[', '`', '(', '-', 'check(', '/* *'])(
    'reads a long definition in linear time, also if nothing is closed: %j',
    (part) => {
      const read = readDefinition(part.repeat(100_001));
      expect(read.hasConflictClause).toBe(false);
      expect(read.checks.length).toBeLessThanOrEqual(1);
    },
  );
});
