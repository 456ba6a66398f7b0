import { longHistorySuite } from './long-history.suite.js';

longHistorySuite('postgres');
