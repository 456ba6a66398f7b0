import { SETTINGS } from './settings.js';

/** Shorter names, such as PORT, resemble too many names of other programs. */
const NAME_MIN = 8;

/** Whether one character was added, left out or replaced, or two neighbours were exchanged. */
function isOneEditApart(one: string, other: string): boolean {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const rest = one.slice(start, one.length - end);
  const otherRest = other.slice(start, other.length - end);
  if (rest.length === 2 && otherRest.length === 2) return rest[0] === otherRest[1];
  return rest.length <= 1 && otherRest.length <= 1;
}

/**
 * Returns a hint for each name that is nearly the name of a setting, if that setting itself is not set. A name that ends
 * in a digit is no mistake: it may be a further key, for `apiKeyEnv` of a models file. The hints contain no value.
 */
export function misspeltHints(env: Readonly<Record<string, string | undefined>>): string[] {
  const settings = Object.keys(SETTINGS).filter((name) => name.length >= NAME_MIN && !env[name]);
  const others = Object.keys(env).filter((name) => !(name in SETTINGS) && !/\d$/.test(name));
  return others.flatMap((name) => {
    const meant = settings.find((setting) => isOneEditApart(name, setting));
    return meant === undefined
      ? []
      : [`${name} is not a setting and is ignored. Is ${meant} meant?`];
  });
}
