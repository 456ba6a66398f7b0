import { InvalidArgumentError } from 'commander';

/** Parses an argument that is not empty and is given only once. */
export function nonEmptyText(text: string, previous?: unknown): string {
  if (previous !== undefined) throw new InvalidArgumentError('It is given twice.');
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Parses the path of a file. Refuses `-`, which other programs take for standard input or output. */
export function filePath(text: string, previous?: unknown): string {
  if (text === '-')
    throw new InvalidArgumentError('It is not a file. Write ./- if a file has that name.');
  return nonEmptyText(text, previous);
}

/**
 * Parses the value of an option. Refuses a text that begins with `--`: the value is missing, and this is the
 * next option.
 */
export function optionText(text: string, previous?: unknown): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('It is an option itself.');
  return nonEmptyText(text, previous);
}

/** Parses the value of an option of at most `max` characters (code points). */
export const textUpTo = (max: number) => (text: string, previous?: unknown) => {
  if (Array.from(text).length > max) {
    throw new InvalidArgumentError(`It has more than ${String(max)} characters.`);
  }
  return optionText(text, previous);
};

/** Parses a plain decimal number: no sign, no spaces, no exponent, no digits of other scripts. */
export const wholeNumber = ({ min, max }: { min: number; max: number }) => {
  const sentence = `It must be a whole number from ${String(min)} to ${String(max)}.`;
  return (text: string): number => {
    const value = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(sentence);
    return value;
  };
};
