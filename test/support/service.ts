import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HttpClient } from './client.js';
import { templateOf } from './databases.js';

const MAIN = resolve('dist/src/main.js');

/** Settings that make a start fast and only use a folder of the spec. */
const QUICK = { PORT: '0', RATE_LIMITS: 'off', ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1' };

/** The command to start, and the files in its folder. */
interface Launch {
  readonly command?: readonly string[];
  readonly words?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type LogLine = Record<string, unknown> & { readonly msg: string };

/** The service as in production: the built program in its own process. */
export class Service {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ending>;

  private constructor(
    private readonly child: ChildProcess,
    readonly folder: string,
    /** All its settings. Undefined if a command or files of the spec may set more. */
    private readonly settings: Record<string, string> | undefined,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // 'close' and not 'exit', because after 'close' all output has been read.
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /**
   * Starts the program, or a command that starts it, without waiting. If the settings name no database, the program
   * gets one with the schema, and a command gets none.
   */
  static async launch(
    settings: Record<string, string> = {},
    { command, words = [], files = {} }: Launch = {},
  ): Promise<Service> {
    await access(MAIN).catch(() => {
      throw new Error('nothing is built: run `npm run build` first');
    });
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-service-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const database = join(folder, 'tallychat.sqlite');
    const DATABASE_URL = `sqlite:${database}`;
    if (!command && !('DATABASE_URL' in settings)) {
      await copyFile(await templateOf('sqlite'), database);
    }
    const env = { PATH: process.env['PATH'], ...QUICK, DATABASE_URL, ...settings };
    const [program = '', ...rest] = [...(command ?? [process.execPath, MAIN]), ...words];
    const child = spawn(program, rest, { cwd: folder, env });
    const isTold = command !== undefined || Object.keys(files).length > 0;
    return new Service(child, folder, isTold ? undefined : { ...QUICK, ...settings });
  }

  /** Starts the program and waits until it listens. */
  static async start(...how: Parameters<typeof Service.launch>): Promise<Service> {
    const service = await Service.launch(...how);
    await service.sees(/listens on ([^\s"]+)["\s]/);
    return service;
  }

  /** Returns a client for the address that the process has logged. */
  client(): Promise<HttpClient> {
    const url = /listens on ([^\s"]+)["\s]/.exec(this.stdout)?.[1] ?? '';
    return HttpClient.connect(url, this.settings);
  }

  /** Resolves when the log contains the words. Rejects if the process ends without them. */
  async sees(words: RegExp): Promise<void> {
    while (!words.test(this.stdout)) {
      const more = this.child.stdout && once(this.child.stdout, 'data');
      const ending = this.ended.then(() => 'ended' as const);
      if ((await Promise.race([more, ending])) === 'ended' && !words.test(this.stdout)) {
        throw new Error(`ended without ${String(words)}: ${this.stderr}${this.stdout}`);
      }
    }
  }

  /** Returns every whole line of the log. Throws if one is not JSON. */
  log(): LogLine[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process, if it still runs, and removes its folder. */
  async remove(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}
