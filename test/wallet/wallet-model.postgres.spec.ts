import { walletModelSuite } from './wallet-model.suite.js';

walletModelSuite('postgres');
