import { codePoints } from '../drf/text.js';
import { normalPassword } from './password-forms.js';

/** The shortest password, in code points. */
export const PASSWORD_MIN = 8;
const SIMILARITY_MAX = 0.7;

let tooCommon: Promise<ReadonlySet<string>> | undefined;

/** The list is packed, and to unpack it takes longer than any other package's start: the first password waits for it. */
async function readTooCommon(): Promise<ReadonlySet<string>> {
  const { default: words } = await import('@zxcvbn-ts/language-common');
  return new Set(words.dictionary['passwords-common']);
}

/** Twice the characters that both share, whatever their order, over all of them: difflib's `quick_ratio`. */
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

/** Compares with the whole value and with each word of it, as Django does. */
function isSimilar(password: string, value: string): boolean {
  const whole = value.toLowerCase();
  const words = [...whole.split(/[^\p{L}\p{N}_]+/u), whole].filter((word) => word !== '');
  return words.some((word) => similarity(password.toLowerCase(), word) >= SIMILARITY_MAX);
}

/**
 * Django's four password rules and their sentences, in its order; empty when the password serves. They hold
 * for the normal form, which is what is hashed; the length, for what was typed as well.
 */
export async function passwordFaults(
  typed: string,
  user: { username: string; email: string },
): Promise<string[]> {
  tooCommon ??= readTooCommon().catch((error: unknown) => {
    tooCommon = undefined;
    throw error;
  });
  const commonOnes = await tooCommon;
  const password = normalPassword(typed);
  const similarTo =
    (isSimilar(password, user.username) && 'username') ||
    (isSimilar(password, user.email) && 'email address');
  return [
    similarTo && `The password is too similar to the ${similarTo}.`,
    Math.min(codePoints(typed), codePoints(password)) < PASSWORD_MIN &&
      `This password is too short. It must contain at least ${String(PASSWORD_MIN)} characters.`,
    commonOnes.has(password.trim().toLowerCase()) && 'This password is too common.',
    /^\p{Nd}+$/u.test(password) && 'This password is entirely numeric.',
  ].filter((fault) => typeof fault === 'string');
}
