import { runProgram } from './commands/program.js';

await runProgram(['admin', ...process.argv.slice(2)]);
