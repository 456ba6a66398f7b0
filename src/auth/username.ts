import { codePoints } from '../drf/text.js';

/** Maximum length in code points, also of the name as it is stored, in NFKC. */
export const USERNAME_MAX = 150;

/** The characters that a username may contain. */
const USERNAME = /^[\p{L}\p{N}_.@+-]*$/u;
/**
 * Must also hold for the name as stored: NFKC turns `⑴` into three characters, two of which are not allowed.
 * A name that is too long is not normalised, because that takes quadratic time in the worst case.
 */
export const usernameRule = {
  test: (text: string) =>
    !['.', '..'].includes(text) && // No path could name them.
    USERNAME.test(text) &&
    (codePoints(text) > USERNAME_MAX || USERNAME.test(text.normalize('NFKC'))),
  message:
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
};
