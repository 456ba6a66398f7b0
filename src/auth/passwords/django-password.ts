import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Django's format. A salt has no `$`, and a SHA-256 digest in base64 has 44 characters. */
const PBKDF2 = /^pbkdf2_sha256\$([1-9]\d{0,7})\$([^$]{1,255})\$([A-Za-z\d+/]{43}=)$/;
/** Django 6 uses 1,200,000. A larger number than this limit would block a thread for seconds. */
const ITERATIONS_MAX = 5_000_000;
/** A salt has at least 8 bytes, and a digest at least 4. Without one of them the library throws at a login. */
const ARGON2 =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z\d+/]{11,255}\$[A-Za-z\d+/]{6,255}$/;
/** For each lane (`p`) the algorithm needs as much memory. */
const ARGON2_KIB_PER_LANE = 8;
/** Django's default is 102,400 KiB and 2 passes. */
const ARGON2_KIB_MAX = 262_144;
const ARGON2_PASSES_MAX = 16;
const DJANGO_ARGON2 = 'argon2';
/** Django's prefix for an account without a password. It is not the hash of any text. */
const NO_PASSWORD = '!';

const derive = promisify(pbkdf2);

/** The hash of an account imported from Django, as it is stored here. */
export interface ImportedPassword {
  readonly passwordHash: string;
  /** The name of the algorithm if this service does not support it: then the user cannot log in. Otherwise empty. */
  readonly unknownHasher: string;
}

/** Returns what to store for a value of Django's `password` column. */
export function importPassword(stored: string): ImportedPassword {
  const hash = stored.startsWith(`${DJANGO_ARGON2}$`) ? stored.slice(DJANGO_ARGON2.length) : stored;
  if (isPbkdf2(hash) || isAcceptedArgon2(hash)) return { passwordHash: hash, unknownHasher: '' };
  const isUnusable = stored === '' || stored.startsWith(NO_PASSWORD);
  const unknownHasher = isUnusable
    ? ''
    : (/^\w{1,40}(?=\$)/.exec(stored)?.[0] ?? 'of no known form');
  return { passwordHash: NO_PASSWORD, unknownHasher };
}

/** Returns whether the hash is Django's PBKDF2, at a cost that this service accepts. */
export function isPbkdf2(hash: string): boolean {
  return Number(PBKDF2.exec(hash)?.[1] ?? Infinity) <= ITERATIONS_MAX;
}

/**
 * Returns whether the password matches the hash. Uses a libuv thread, like argon2, so the caller must first
 * wait for a place.
 */
export async function verifyPbkdf2(hash: string, password: string): Promise<boolean> {
  const [, iterations = '1', salt = '', digest = ''] = PBKDF2.exec(hash) ?? [];
  const expected = Buffer.from(digest, 'base64');
  const found = await derive(password, salt, Number(iterations), expected.length, 'sha256');
  return timingSafeEqual(found, expected);
}

function isAcceptedArgon2(hash: string): boolean {
  const [kib = 0, passes = 0, lanes = 0] = ARGON2.exec(hash)?.slice(1).map(Number) ?? [];
  const isPossible = passes >= 1 && lanes >= 1 && kib >= ARGON2_KIB_PER_LANE * lanes;
  return isPossible && kib <= ARGON2_KIB_MAX && passes <= ARGON2_PASSES_MAX;
}
