import { describeProxy } from './cases.js';
import { nginx } from './kinds.js';

describeProxy(nginx);
