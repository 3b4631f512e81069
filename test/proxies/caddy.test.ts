import { describeProxy } from './cases.js';
import { caddy } from './kinds.js';

describeProxy(caddy);
