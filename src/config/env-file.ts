import { parseEnv } from 'node:util';
import { readText } from './text-file.js';

const QUOTES = ["'", '"', '`'];
const SETTING = /^[\w.-]+=(.*)$/;

/**
 * The lines as Node reads them. It knows no tab, no space that does not break and no mark of Windows around a name,
 * and no line that ends as they did on old Macs: such a setting would be lost without a word. A value in quotes may have
 * several lines, which stay as they are. Throws for a line that would be passed over, and for a quote without an end,
 * without the words: there may be a secret among them.
 */
function plainLines(path: string, text: string): string {
  let open: { readonly quote: string; readonly line: number } | undefined;
  const lines = text.split(/\r\n?|\n/).map((given, index) => {
    if (open) {
      if (given.includes(open.quote)) open = undefined;
      return given;
    }
    const line = given.trim().replace(/^(?:export\s+)?([\w.-]+)\s*=\s*/, '$1=');
    if (line === '' || line.startsWith('#')) return line;
    const value = SETTING.exec(line)?.[1];
    if (value === undefined) throw new Error(`${path} has no setting in line ${told(index)}`);
    const quote = QUOTES.find((one) => value.startsWith(one));
    if (quote !== undefined && !value.includes(quote, 1)) open = { quote, line: index };
    return line;
  });
  if (open) throw new Error(`${path} has a quote without an end in line ${String(open.line + 1)}`);
  return lines.join('\n');
}

const told = (index: number) => `${String(index + 1)}: write NAME=value, or # before it`;

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
  const text = plainLines(path, readText(path));
  const kept = text.replace(/^([\w.-]+=)([^\s'"`#][^\n]*)/gm, keepHash);
  return Object.fromEntries(Object.entries(parseEnv(kept)).filter(([, value]) => value !== ''));
}
