export { openAccessFile, type AccessFile, type AccessFileOptions } from './access-file.js';
export { AccessFileError } from './access-file-error.js';
export { combineAuthenticators } from './combine.js';
export { openHtpasswdFile, type HtpasswdFile, type HtpasswdFileOptions } from './htpasswd.js';
export { hashPassword } from './password.js';
export type { Authenticate, Authorize } from './policy.js';
