export { openAccessFile, type AccessFile, type AccessFileOptions } from './access-file.js';
export { AccessFileError } from './access-file-parser.js';
export { hashPassword } from './password.js';
export type { Authenticate, Authorize } from './policy.js';
export {
  openTokenFile,
  type CreatedToken,
  type ListedToken,
  type TokenFile,
  type TokenFileOptions,
} from './tokens.js';
export { TokenFileError } from './tokens-error.js';
export type { NewToken } from './tokens-new.js';
export type { TokenInfo, TokenScope } from './tokens-parser.js';
