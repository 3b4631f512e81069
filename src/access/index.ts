export { openAccessFile, type AccessFile, type AccessFileOptions } from './access-file.js';
export { combineAuthenticators } from './combine.js';
export { hashPassword } from './password.js';
export type { Authenticate, Authorize, AuthorizeUpdate, RefUpdateRequest, UpdateDecision } from './policy.js';
export { createAccessRules, type AccessRules, type AccessRulesOptions, type RulesSummary } from './rules.js';
export type {
  AccessRule,
  AccessRulesData,
  Permission,
  PermissionWord,
  RepositoryVisibility,
  Visibility,
} from './rules-data.js';
export { accessActions, type AccessAction, type Explanation, type RulesQuestion } from './rules-explain.js';
export { openRulesFile, type RulesFile, type RulesFileOptions } from './rules-file.js';
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
export { AccessFileError } from './access-file-error.js';
export { clientCertificateAuthenticator, type ClientCertificateOptions } from './client-certificate.js';
export { externalAuthenticator, type ExternalAuthenticatorOptions } from './external.js';
export {
  forwardedAddress,
  type ForwardedAddressOptions,
  type ForwardedRequest,
} from './forwarded-address.js';
export { openHtpasswdFile, type HtpasswdFile, type HtpasswdFileOptions } from './htpasswd.js';
export { proxyHeaderAuthenticator, type ProxyHeaderOptions } from './proxy-header.js';
export { throttled, type ThrottleOptions } from './throttle.js';
