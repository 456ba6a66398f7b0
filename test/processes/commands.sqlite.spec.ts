import { commandsSuite } from './commands.suite.js';

commandsSuite('sqlite');
