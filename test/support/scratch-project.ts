import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const RUN_TIMEOUT_MS = 300_000;
/** A registry that does not answer must not hold a run. */
const INSTALL_TIMEOUT_MS = 120_000;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

/** A folder with npm packages that are too large for `npm ci`. Only a full run needs them. */
export class ScratchProject {
  private constructor(readonly folder: string) {}

  /** Installs packages in these exact versions, without running their scripts. Rejects if npm does not get them. */
  static async open(
    dependencies: Readonly<Record<string, string>>,
    overrides: object = {},
  ): Promise<ScratchProject> {
    const workshop = new ScratchProject(await mkdtemp(join(tmpdir(), 'tallychat-')));
    await workshop.write(
      'package.json',
      JSON.stringify({ private: true, dependencies, overrides }),
    );
    const words = ['install', '--silent', '--ignore-scripts', '--no-audit'];
    try {
      await workshop.exec('npm', words, INSTALL_TIMEOUT_MS);
    } catch (error) {
      await workshop.close();
      throw error;
    }
    return workshop;
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text);
  }

  /** Runs a program of an installed package, or a file of this folder, and returns its standard output. */
  node(path: string, ...words: string[]): Promise<string> {
    return this.exec(process.execPath, [path, ...words], RUN_TIMEOUT_MS);
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  private async exec(program: string, words: string[], timeout: number): Promise<string> {
    const { stdout } = await promisify(execFile)(program, words, {
      cwd: this.folder,
      timeout,
      maxBuffer: OUTPUT_MAX_BYTES,
    }).catch((error: unknown) => {
      const { stdout: said, message } = error as { stdout?: string; message: string };
      throw new Error(`${message}\n${said?.slice(0, 5000) ?? ''}`);
    });
    return stdout;
  }
}
