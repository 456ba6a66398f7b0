import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const GATEWAY = '@portkey-ai/gateway@1.15.2';
const INSTALL_TIMEOUT_MS = 180_000;

/** Portkey's gateway, installed into its own folder. */
export interface Portkey {
  /** The program to start with Node. */
  readonly program: string;
  remove(): Promise<void>;
}

/**
 * Installs the gateway from npm. It is not a dependency, because it would add a hundred packages for one row of a
 * table. Returns undefined if the installation fails.
 */
export async function fetchPortkey(): Promise<Portkey | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'tallychat-portkey-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const words = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
  try {
    await promisify(execFile)('npm', [...words, GATEWAY], { timeout: INSTALL_TIMEOUT_MS });
  } catch {
    await remove();
    return undefined;
  }
  const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  return { program, remove };
}

/** Returns the headers that make the gateway call the server at `baseUrl` with OpenAI's protocol. */
export const portkeyHeaders = (baseUrl: string): Record<string, string> => ({
  'x-portkey-provider': 'openai',
  'x-portkey-custom-host': baseUrl,
});
