import { Command, CommanderError } from 'commander';
import { ValidationFailed } from '../errors.js';
import { COMMANDS, type CommandRow } from './commands.js';

const USAGE_CODE = 2;
const FAILURE_CODE = 1;

/** Declares each row, and loads the file of the one that the words name. Gives that row, if there is one. */
async function declareRows(
  parent: Command,
  rows: readonly CommandRow[],
  words: readonly string[],
): Promise<CommandRow | undefined> {
  const asked = words[0] === 'help' ? words.slice(1) : words;
  for (const row of rows) {
    const command = parent.command(row.name).description(row.summary);
    if (row.name !== asked[0]) continue;
    (await row.load()).declare(command);
    await declareRows(command, row.rows ?? [], asked.slice(1));
  }
  return rows.find(({ name }) => name === asked[0]);
}

/**
 * A reader that has seen enough (`| head -1`) is no failure: what is left to print has nobody to read it. What cannot
 * be written (a full disk) is one: it is told, where that can be.
 */
function tellLostOutput(failureCode: number): void {
  let isTold = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE' || isTold) return;
      isTold = true;
      process.exitCode = failureCode;
      process.stderr.write(`tallychat: not all of this could be printed: ${message}\n`);
    });
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof ValidationFailed) {
    const fields = Object.entries(error.fields);
    return fields.map(([field, sentences]) => `${field}: ${sentences.join(' ')}`).join(' ');
  }
  return error instanceof Error ? error.message : String(error);
}

/**
 * Does what the words name. A word, an option or a number that is not understood is refused with the usage,
 * and nothing is done: exit code 2. A command that fails says why in one line. Never rejects.
 */
export async function runProgram(words: readonly string[]): Promise<void> {
  const program = new Command('tallychat')
    .description('A token-metered AI chat backend.')
    .enablePositionalOptions()
    .showHelpAfterError()
    .exitOverride();
  const row = await declareRows(program, COMMANDS, words);
  const failureCode = row?.failureCode ?? FAILURE_CODE;
  tellLostOutput(failureCode);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : USAGE_CODE;
      return;
    }
    const name = row === undefined || row.name === 'serve' ? 'tallychat' : row.name;
    process.stderr.write(`${name}: ${sentenceOf(error)}\n`);
    process.exitCode = failureCode;
  }
}
