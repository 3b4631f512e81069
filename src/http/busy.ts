import { GitTyphoonError } from '../errors.js';

/** After how many seconds a client may ask again. */
const retryAfterSeconds = 10;

/** More is wanted of this server than it can do at present. */
export function busy(): GitTyphoonError {
  return new GitTyphoonError('ERR_BUSY', { headers: [['Retry-After', String(retryAfterSeconds)]] });
}
