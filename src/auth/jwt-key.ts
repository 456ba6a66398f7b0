import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config.js';

const KEY_FILE = './data/jwt.key';
const KEY_BYTES = 32;

/**
 * The key that signs JWTs: the setting, or a file made once for this host. It is kept out of the database,
 * so that who reads a backup of it cannot mint credentials.
 */
export async function loadJwtKey(config: Config): Promise<Uint8Array> {
  if (config.jwtSecret !== '') return new TextEncoder().encode(config.jwtSecret);
  await mkdir(dirname(KEY_FILE), { recursive: true });
  try {
    // 'wx': of several processes that start at once, one makes the file and the others read it.
    await writeFile(KEY_FILE, randomBytes(KEY_BYTES).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return new TextEncoder().encode(await readFile(KEY_FILE, 'utf8'));
}
