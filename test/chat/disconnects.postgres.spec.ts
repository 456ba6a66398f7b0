import { disconnectsSuite } from './disconnects.suite.js';

disconnectsSuite('postgres');
