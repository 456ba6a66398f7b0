import { parseEnv } from 'node:util';
import { readText } from './text-file.js';

const QUOTES = ["'", '"', '`'];
const SETTING = /^([\w.-]+=)(.*)$/s;

/**
 * Normalises the lines for Node's parser. Around a name the parser does not accept a tab, a non-breaking
 * space or the byte order mark of Windows. It also does not accept the line ends of old Macs. Such a setting
 * would be lost without an error. A value in quotes may have several lines, which are not changed. Throws for
 * a line that would be ignored, and for a quote without an end. The error does not contain the line, because
 * it may contain a secret.
 */
function plainLines(path: string, text: string): string {
  let unclosed: { readonly quote: string; readonly line: number } | undefined;
  const lines = text.split(/\r\n?|\n/).map((given, index) => {
    if (unclosed) {
      if (given.includes(unclosed.quote)) unclosed = undefined;
      return given;
    }
    const line = given.trim().replace(/^(?:export\s+)?([\w.-]+)\s*=\s*/, '$1=');
    if (line === '' || line.startsWith('#')) return line;
    const [, name, value] = SETTING.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Error(`${path} has no setting in line ${lineHint(index)}`);
    const quote = QUOTES.find((one) => value.startsWith(one));
    if (quote === undefined) return name + quoteHash(value);
    if (!value.includes(quote, 1)) unclosed = { quote, line: index };
    return line;
  });
  if (unclosed)
    throw new Error(`${path} has a quote without an end in line ${String(unclosed.line + 1)}`);
  return lines.join('\n');
}

const lineHint = (index: number) => `${String(index + 1)}: write NAME=value, or # before it`;

/**
 * Adds quotes to an unquoted value that contains a `#`. Node would cut the value at the `#`, even within a
 * secret. A comment begins after white space, as in a shell and in Compose.
 */
function quoteHash(unquoted: string): string {
  if (unquoted.startsWith('#')) return unquoted;
  const comment = unquoted.search(/\s#/);
  const value = (comment === -1 ? unquoted : unquoted.slice(0, comment)).trimEnd();
  const quote = QUOTES.find((one) => !value.includes(one));
  return value.includes('#') && quote !== undefined ? quote + value + quote : unquoted;
}

/**
 * Returns the settings that a file in the format of `.env` lists. An empty value counts as not set. Throws an
 * error with one sentence for an invalid line.
 */
export function readEnvFile(path: string): Readonly<Record<string, string | undefined>> {
  const settings = parseEnv(plainLines(path, readText(path)));
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ''));
}
