import { leavingSuite } from './leaving.suite.js';

leavingSuite('postgres');
