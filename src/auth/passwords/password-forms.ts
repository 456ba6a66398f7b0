/**
 * Length of the longest password that is normalised, in UTF-16 units: 128 code points, each typed as a letter
 * and several marks. Normalising takes quadratic time in the worst case, so the length is checked first.
 */
const NORMALISED_MAX_CHARS = 1024;

/**
 * Returns the password as it is hashed: in NFKC, as NIST SP 800-63B says, and like stored usernames.
 * Keyboards differ in the width of letters, and in whether `ä` is one character or two; a user cannot see the
 * difference. A longer text cannot be a password and is returned unchanged.
 */
export function normalizePassword(password: string): string {
  return password.length > NORMALISED_MAX_CHARS ? password : password.normalize('NFKC');
}

/** Returns the forms to compare with a hash, in order: the normal form, then the text as typed, for older hashes. */
export function formsToTry(password: string): string[] {
  const normal = normalizePassword(password);
  return normal === password ? [password] : [normal, password];
}
