import { codePoints } from '../drf/text.js';

/** Also of the name as it is kept, in NFKC. */
export const USERNAME_MAX = 150;

/** The characters of a username. */
const USERNAME = /^[\p{L}\p{N}_.@+-]*$/u;
/**
 * Must hold for the name as stored, too: NFKC makes of `⑴` three characters, two of them not allowed. A name
 * that is too long is not normalised: that takes quadratic time in the worst case.
 */
export const usernameRule = {
  test: (text: string) =>
    !['.', '..'].includes(text) && // No path could name them.
    USERNAME.test(text) &&
    (codePoints(text) > USERNAME_MAX || USERNAME.test(text.normalize('NFKC'))),
  message:
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
};
