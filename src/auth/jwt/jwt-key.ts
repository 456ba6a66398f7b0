import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Settings } from '../../config/config.js';

/** The injection token for the signing key. */
export const JWT_KEY = Symbol('jwt key');

const KEY_FILE = './data/jwt.key';
const KEY_BYTES = 32;
const KEY_MIN_CHARS = 32;

/**
 * Returns the key that signs JWTs: the setting, or the content of a file made once for this host. The key is
 * not in the database, so a reader of a database backup cannot make credentials. Throws if the file exists
 * but contains no key.
 */
export async function loadJwtKey(config: Pick<Settings, 'jwtSecret'>): Promise<Uint8Array> {
  if (config.jwtSecret !== '') return new TextEncoder().encode(config.jwtSecret);
  const key = (await readKey()) ?? (await makeKey());
  // A short key would also sign, but an attacker could guess it.
  if (key.length < KEY_MIN_CHARS) throw new Error(`${KEY_FILE} holds no key: restore or remove it`);
  return new TextEncoder().encode(key);
}

async function readKey(): Promise<string | undefined> {
  try {
    return (await readFile(KEY_FILE, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes the key file. The file appears with its content or not at all: it is written under another name and
 * then linked, and linking fails if the file exists. So if several processes start at once, all read one key,
 * and none reads an empty file.
 */
async function makeKey(): Promise<string> {
  const temporaryFile = `${KEY_FILE}.${randomUUID()}`;
  await mkdir(dirname(KEY_FILE), { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES).toString('hex');
  await writeFile(temporaryFile, key, { flag: 'wx', mode: 0o600, flush: true });
  try {
    await link(temporaryFile, KEY_FILE);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(temporaryFile);
  }
  return (await readKey()) ?? '';
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
