import { GitTyphoonError } from '../errors.js';
import type { RepositoryConfig } from '../git/repository-config.js';
import type { AccessPolicy } from '../access/policy.js';
import type { GitUser, RequestContext } from '../context.js';
import { commandOf, type Service } from '../protocol/service.js';
import { unauthenticated } from './gate.js';

const keys: Readonly<Record<Service, string>> = {
  'git-upload-pack': 'http.uploadpack',
  'git-receive-pack': 'http.receivepack',
  'git-upload-archive': 'http.uploadarchive',
};

/**
 * The repository's own say (git-http-backend, "SERVICES"). It can only forbid: who may push is the access
 * policy's business, so that `http.receivepack=true` opens nothing. An unset `http.uploadarchive` stands for
 * "when the user is authenticated", as in git.
 */
export function checkExportRules(
  service: Service,
  config: RepositoryConfig,
  policy: AccessPolicy,
  context: RequestContext,
  user: GitUser | undefined,
): void {
  const enabled = config.getBoolean(keys[service]);
  if (enabled === true) return;
  if (enabled === undefined && service !== 'git-upload-archive') return;
  if (enabled === undefined && user) return;
  if (enabled === undefined && policy.authenticate) throw unauthenticated(policy, context);
  throw new GitTyphoonError('ERR_SERVICE_DISABLED', {
    message: `${commandOf(service)} is not enabled for this repository`,
  });
}
