import { parseEnv } from 'node:util';
import { readText } from './text-file.js';

const QUOTES = ["'", '"', '`'];
const SETTING = /^[\w.-]+=(.*)$/;

/**
 * The lines as Node reads them. It knows no tab, no space that does not break and no mark of Windows around a name,
 * and no line that ends as they did on old Macs: such a setting would be lost without a word.
 */
function plainLines(text: string): string {
  const lines = text.split(/\r\n?|\n/).map((line) => line.trim());
  return lines.map((line) => line.replace(/^(?:export\s+)?([\w.-]+)\s*=\s*/, '$1=')).join('\n');
}

/**
 * Throws for a line that would be passed over, without its words: there may be a secret among them. A value in quotes
 * may have several lines.
 */
function assertUnderstood(path: string, text: string): void {
  let open = '';
  for (const [index, line] of text.split('\n').entries()) {
    if (open !== '') {
      if (line.includes(open)) open = '';
      continue;
    }
    if (line === '' || line.startsWith('#')) continue;
    const value = SETTING.exec(line)?.[1];
    if (value === undefined) {
      const number = String(index + 1);
      throw new Error(`${path} has no setting in line ${number}: write NAME=value, or # before it`);
    }
    const quote = QUOTES.find((one) => value.startsWith(one)) ?? '';
    if (!value.includes(quote, 1)) open = quote;
  }
}

/**
 * A value without quotes, in quotes where it has a `#`: Node would cut it there, also within a secret. A comment
 * begins behind a blank, as for a shell and for Compose.
 */
function keepHash(line: string, name: string, rest: string): string {
  const comment = rest.search(/\s#/);
  const value = (comment === -1 ? rest : rest.slice(0, comment)).trimEnd();
  const quote = QUOTES.find((one) => !value.includes(one));
  return value.includes('#') && quote !== undefined ? `${name}${quote}${value}${quote}` : line;
}

/**
 * The settings that a file in the form of `.env` lists. What it leaves empty is not set. Throws one sentence for a line
 * that is none.
 */
export function readEnvFile(path: string): Readonly<Record<string, string | undefined>> {
  const text = plainLines(readText(path));
  assertUnderstood(path, text);
  const kept = text.replace(/^([\w.-]+=)([^\s'"`#][^\n]*)/gm, keepHash);
  return Object.fromEntries(Object.entries(parseEnv(kept)).filter(([, value]) => value !== ''));
}
