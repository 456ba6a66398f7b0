import { disconnectsSuite } from './disconnects.suite.js';

disconnectsSuite('sqlite');
