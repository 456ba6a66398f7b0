import { runProgram } from './commands/program.js';

await runProgram(['serve', ...process.argv.slice(2)]);
