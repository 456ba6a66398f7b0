import { runProgram } from './commands/program.js';

await runProgram(process.argv.slice(2));
