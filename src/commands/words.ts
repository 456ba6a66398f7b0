import { InvalidArgumentError } from 'commander';

/** A word that says something, given once. */
export function filled(text: string, previous?: unknown): string {
  if (previous !== undefined) throw new InvalidArgumentError('It is given twice.');
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** The value of an option: where it was forgotten, the next option is not taken for it. */
export function optionText(text: string, previous?: unknown): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('It is an option itself.');
  return filled(text, previous);
}

/** A plain decimal number: no sign, no blank, no exponent, no digits of another script. */
export const wholeNumber = ({ min, max }: { min: number; max: number }) => {
  const sentence = `It must be a whole number from ${String(min)} to ${String(max)}.`;
  return (text: string): number => {
    const value = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(sentence);
    return value;
  };
};
