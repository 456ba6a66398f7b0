import { Command, CommanderError } from 'commander';
import { DatabaseUnavailable, NotFound, ValidationFailed } from '../errors.js';
import { COMMANDS, type CommandRow } from './commands.js';

const USAGE_CODE = 2;
const FAILURE_CODE = 1;

/** Declares each row, and loads the file of the row that `words` names. Returns that row, or undefined. */
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
 * Handles errors of standard output. A closed pipe (`| head -1`) is not an error, because the reader needs no
 * more output. If the output cannot be written (a full disk), the command reports that on standard error when it
 * ends, and fails. It says so if its work is done, because an operator must not do it again. What standard error
 * loses changes nothing: the exit code and the output tell the result.
 */
function reportOutputErrors(failureCode: number): void {
  let lost: string | undefined;
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') lost ??= message;
  });
  process.stderr.on('error', () => undefined);
  process.on('exit', (code) => {
    if (lost === undefined) return;
    const done = code === 0 ? '; the command itself is done' : '';
    process.stderr.write(`tallychat: not all of this could be printed: ${lost}${done}\n`);
    process.exitCode = code === 0 ? failureCode : code;
  });
}

function sentenceOf(error: unknown): string {
  if (error instanceof ValidationFailed) {
    const fields = Object.entries(error.fields);
    return fields.map(([field, sentences]) => `${field}: ${sentences.join(' ')}`).join(' ');
  }
  // A command looks up nothing but users.
  if (error instanceof NotFound) return 'There is no such user.';
  if (error instanceof DatabaseUnavailable && error.reason !== '') {
    return `${error.message.replace(/\.$/, '')}: ${error.reason}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runs the command that `words` names. Refuses unknown words, options and invalid numbers with the usage and
 * exit code 2, and does nothing. If a command fails, prints the reason in one line. Never rejects.
 */
export async function runProgram(words: readonly string[]): Promise<void> {
  const program = new Command('tallychat')
    .description('A token-metered AI chat backend.')
    .enablePositionalOptions()
    .showHelpAfterError()
    .exitOverride();
  const row = await declareRows(program, COMMANDS, words);
  const failureCode = row?.failureCode ?? FAILURE_CODE;
  reportOutputErrors(failureCode);
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
