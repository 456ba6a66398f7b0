import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Settings } from '../config/config.js';

/** The token under which the signing key is injected. */
export const JWT_KEY = Symbol('jwt key');

const KEY_FILE = './data/jwt.key';
const KEY_BYTES = 32;
const KEY_MIN_CHARS = 32;

/**
 * The key that signs JWTs: the setting, or a file made once for this host. It is kept out of the database,
 * so that who reads a backup of it cannot mint credentials. Throws when the file is there but holds no key.
 */
export async function loadJwtKey(config: Pick<Settings, 'jwtSecret'>): Promise<Uint8Array> {
  if (config.jwtSecret !== '') return new TextEncoder().encode(config.jwtSecret);
  const key = (await readKey()) ?? (await makeKey());
  // A short key signs too, and anybody could guess it.
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
 * The file appears with its content or not at all: it is written under another name and then linked,
 * which fails where there is one. So of several processes that start at once all read one key, and none
 * an empty file.
 */
async function makeKey(): Promise<string> {
  const draft = `${KEY_FILE}.${randomUUID()}`;
  await mkdir(dirname(KEY_FILE), { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES).toString('hex');
  await writeFile(draft, key, { flag: 'wx', mode: 0o600, flush: true });
  try {
    await link(draft, KEY_FILE);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return (await readKey()) ?? '';
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
