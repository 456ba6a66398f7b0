/** A word, a text or a sign of an SQL definition. Names are in lower case and without their quotes. */
interface Token {
  readonly text: string;
  /** False for a quoted name, which is never a keyword. */
  readonly isBare: boolean;
}

/**
 * In this order: comment, blank, text, three forms of a quoted name, bare word or number, any other sign. What is
 * not closed ends with the definition, so that no part is read twice.
 */
const TOKEN =
  /(?<skipped>--[^\n]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/)?|\s+)|(?<text>'[^']*(?:''[^']*)*'?)|"(?<double>[^"]*(?:""[^"]*)*)"?|\[(?<bracket>[^\]]*)\]?|`(?<tick>[^`]*(?:``[^`]*)*)`?|(?<word>[\w$\u0080-\uffff]+)|(?<sign>.)/gsy;

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const { groups = {} } of sql.matchAll(TOKEN)) {
    if (groups['skipped'] !== undefined) continue;
    const name = groups['double'] ?? groups['bracket'] ?? groups['tick'];
    if (name !== undefined) tokens.push({ text: name.toLowerCase(), isBare: false });
    else if (groups['text'] !== undefined) tokens.push({ text: groups['text'], isBare: false });
    else
      tokens.push({ text: (groups['word'] ?? groups['sign'] ?? '').toLowerCase(), isBare: true });
  }
  return tokens;
}

const isBare = (token: Token | undefined, text: string) =>
  token?.isBare === true && token.text === text;

/** Returns the tokens in the parentheses that open at `start`, without them. */
function tokensWithin(tokens: readonly Token[], start: number): Token[] {
  let depth = 0;
  for (let place = start; place < tokens.length; place += 1) {
    if (isBare(tokens[place], '(')) depth += 1;
    if (isBare(tokens[place], ')')) depth -= 1;
    if (depth === 0) return tokens.slice(start + 1, place);
  }
  return tokens.slice(start + 1);
}

/** What SQLite's own tables of the schema do not list, read from the CREATE statement of a table. */
export interface TableDefinition {
  /** The expressions of its CHECK constraints, written in one way. */
  readonly checks: readonly string[];
  /** Whether a constraint has an ON CONFLICT clause, such as REPLACE, which deletes the row that is there. */
  readonly hasConflictClause: boolean;
}

export function readDefinition(sql: string): TableDefinition {
  const tokens = tokensOf(sql);
  const checks: string[] = [];
  let hasConflictClause = false;
  for (let place = 0; place < tokens.length; place += 1) {
    const [token, next] = [tokens[place], tokens[place + 1]];
    if (isBare(token, 'on') && isBare(next, 'conflict')) hasConflictClause = true;
    if (!isBare(token, 'check') || !isBare(next, '(')) continue;
    const within = tokensWithin(tokens, place + 1);
    checks.push(within.map(({ text }) => text).join(' '));
    place += within.length + 1;
  }
  return { checks, hasConflictClause };
}
