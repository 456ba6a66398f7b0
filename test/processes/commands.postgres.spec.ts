import { commandsSuite } from './commands.suite.js';

commandsSuite('postgres');
