import { savingOrderSuite } from './saving-order.suite.js';

savingOrderSuite('postgres');
