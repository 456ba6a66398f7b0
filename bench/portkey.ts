import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const GATEWAY = '@portkey-ai/gateway@1.15.2';
const INSTALL_TIMEOUT_MS = 180_000;

/** Portkey's gateway, fetched into a folder of its own. */
export interface Portkey {
  /** What Node is to be started with. */
  readonly program: string;
  remove(): Promise<void>;
}

/**
 * Fetches the gateway from npm. It is no dependency: it would bring a hundred packages for one row of a table.
 * Undefined where npm does not give it.
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

/** What tells the gateway to ask the server at `baseUrl`, in OpenAI's protocol. */
export const portkeyHeaders = (baseUrl: string): Record<string, string> => ({
  'x-portkey-provider': 'openai',
  'x-portkey-custom-host': baseUrl,
});
