import { capsSuite } from './caps.suite.js';

capsSuite('postgres');
