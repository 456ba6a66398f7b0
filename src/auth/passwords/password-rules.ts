import { codePoints } from '../../drf/text.js';
import { normalizePassword } from './password-forms.js';

/** Minimum length of a password, in code points. */
export const PASSWORD_MIN = 8;
const SIMILARITY_MAX = 0.7;

let tooCommon: Promise<ReadonlySet<string>> | undefined;

/**
 * Loads the list of common passwords. It is compressed, and unpacking it takes longer than the start of any
 * other package. So it is loaded when the first password is checked.
 */
async function readTooCommon(): Promise<ReadonlySet<string>> {
  const { default: words } = await import('@zxcvbn-ts/language-common');
  return new Set(words.dictionary['passwords-common']);
}

/**
 * Returns twice the number of characters that both texts share, in any order, divided by the sum of their
 * lengths. This is `quick_ratio` of Python's difflib.
 */
function similarity(one: string, other: string): number {
  const left = new Map<string, number>();
  for (const character of other) left.set(character, (left.get(character) ?? 0) + 1);
  let shared = 0;
  for (const character of one) {
    const count = left.get(character) ?? 0;
    if (count > 0) shared += 1;
    left.set(character, count - 1);
  }
  return (2 * shared) / (codePoints(one) + codePoints(other));
}

/** Compares the password with the whole value and with each word of it, as Django does. */
function isSimilar(password: string, value: string): boolean {
  const whole = value.toLowerCase();
  const words = [...whole.split(/[^\p{L}\p{N}_]+/u), whole].filter((word) => word !== '');
  return words.some((word) => similarity(password.toLowerCase(), word) >= SIMILARITY_MAX);
}

/**
 * Checks Django's four password rules, and returns their sentences in Django's order; an empty list if the
 * password is accepted. The rules apply to the normal form, which is what is hashed. The minimum length
 * applies also to the password as typed.
 */
export async function passwordFaults(
  typed: string,
  user: { username: string; email: string },
): Promise<string[]> {
  tooCommon ??= readTooCommon().catch((error: unknown) => {
    tooCommon = undefined;
    throw error;
  });
  const commonPasswords = await tooCommon;
  const password = normalizePassword(typed);
  const similarTo =
    (isSimilar(password, user.username) && 'username') ||
    (isSimilar(password, user.email) && 'email address');
  return [
    similarTo && `The password is too similar to the ${similarTo}.`,
    Math.min(codePoints(typed), codePoints(password)) < PASSWORD_MIN &&
      `This password is too short. It must contain at least ${String(PASSWORD_MIN)} characters.`,
    commonPasswords.has(password.trim().toLowerCase()) && 'This password is too common.',
    /^\p{Nd}+$/u.test(password) && 'This password is entirely numeric.',
  ].filter((fault) => typeof fault === 'string');
}
