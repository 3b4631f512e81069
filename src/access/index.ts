export { openAccessFile, type AccessFile, type AccessFileOptions } from './access-file.js';
export { AccessFileError } from './access-file-parser.js';
export { hashPassword } from './password.js';
export type { Authenticate, Authorize } from './policy.js';
