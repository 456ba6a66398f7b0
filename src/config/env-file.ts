import { parseEnv } from 'node:util';
import { readText } from './text-file.js';

const QUOTES = ["'", '"', '`'];

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

/** The settings that a file in the form of `.env` lists. What it leaves empty is not set. */
export function readEnvFile(path: string): Readonly<Record<string, string | undefined>> {
  const text = readText(path).replace(
    /^([ \t]*(?:export[ \t]+)?\w+[ \t]*=[ \t]*)([^\s'"`#][^\r\n]*)/gm,
    keepHash,
  );
  return Object.fromEntries(Object.entries(parseEnv(text)).filter(([, value]) => value !== ''));
}
