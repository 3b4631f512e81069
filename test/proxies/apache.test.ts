import { describeProxy } from './cases.js';
import { apache } from './kinds.js';

describeProxy(apache);
