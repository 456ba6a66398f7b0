import { walkThrough } from './walk/all.suite.js';

walkThrough('wide');
