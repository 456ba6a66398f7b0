import { runProgram } from './commands/program.js';

await runProgram(['audit', ...process.argv.slice(2)]);
