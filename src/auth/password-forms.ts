/**
 * Longest password that is normalised, in UTF-16 units: 128 code points, each typed as a letter and several
 * marks. Normalising takes quadratic time in the worst case, so the length is looked at first.
 */
const NORMALISED_MAX_CHARS = 1024;

/**
 * The password as it is hashed: in NFKC, as NIST SP 800-63B says, and as usernames are kept. Keyboards differ
 * in how they write `ä`, as one character or as two, and in the width of letters; a person cannot tell them
 * apart. A longer text is nobody's password, and stays as it came.
 */
export function normalPassword(password: string): string {
  return password.length > NORMALISED_MAX_CHARS ? password : password.normalize('NFKC');
}

/** What to compare with a hash, in order: the normal form, then the text as typed, for older hashes. */
export function formsToTry(password: string): string[] {
  const normal = normalPassword(password);
  return normal === password ? [password] : [normal, password];
}
