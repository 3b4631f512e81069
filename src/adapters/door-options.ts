import { OptionError } from '../errors.js';

const known = ['prefix', 'fallback', 'remoteAddress', 'requestId'];

/** Options that all doors have; `validPrefix` looks at the prefix. */
export function checkDoorOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw new OptionError(name, `is not known; known are ${known.join(', ')}`);
    if (name !== 'prefix' && value !== undefined && typeof value !== 'function') {
      throw new OptionError(name, 'must be a function');
    }
  }
}
