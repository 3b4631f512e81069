import { describeProxy } from './cases.js';
import { haproxy } from './kinds.js';

describeProxy(haproxy);
