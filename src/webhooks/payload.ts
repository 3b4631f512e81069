/**
 * The bodies of deliveries, as GitHub's receivers read them ("Webhook events and payloads": push, ping). What we do not
 * know is null or empty, and where a URL would be needed that nobody has configured, the member is left out.
 */
import { basename, dirname } from 'node:path';
import type { PushEvent, RefUpdateResult } from '../events.js';

type Repository = PushEvent['repository'];

/** The last part of the name; that of the folder where the repository is the root and has no name. */
function shortName({ name, gitDir }: Repository): string {
  const path = name !== '' ? name : basename(gitDir) === '.git' ? dirname(gitDir) : gitDir;
  return basename(path).replace(/(?<=.)\.git$/, '');
}

function describeRepository(repository: Repository, publicUrl: URL | undefined): object {
  const short = shortName(repository);
  const slash = repository.name.lastIndexOf('/');
  const owner = slash < 0 ? '' : repository.name.slice(0, slash);
  const path = repository.name.split('/').map(encodeURIComponent).join('/');
  const url = publicUrl && new URL(path, publicUrl).href;
  return {
    name: short,
    full_name: owner === '' ? short : `${owner}/${short}`,
    owner: { name: owner, login: owner },
    // Ours: with `.git` where the name has it. Rules and patterns are written for this one.
    canonical_name: repository.name,
    ...(url === undefined ? {} : { html_url: url, url, clone_url: url }),
  };
}

/** Whether a ref has really changed: what was refused, or what nobody knows of, is not told. */
export function hasChanged({ result, oldOid, newOid }: RefUpdateResult): boolean {
  return result.status === 'ok' && oldOid !== newOid;
}

/** The body for one changed ref. `publicUrl` ends with a slash. */
export function pushPayload(event: PushEvent, update: RefUpdateResult, publicUrl: URL | undefined): string {
  const { kind, oldOid, newOid, refName } = update;
  const name = event.user?.name ?? 'anonymous';
  return JSON.stringify({
    ref: refName,
    before: oldOid,
    after: newOid,
    base_ref: null,
    created: kind === 'create',
    deleted: kind === 'delete',
    // Nobody has looked whether an update went forward.
    forced: kind === 'update' ? null : false,
    compare: '',
    commits: [],
    head_commit: null,
    repository: describeRepository(event.repository, publicUrl),
    pusher: { name },
    sender: { login: name, type: 'User' },
  });
}

/** The body by which a webhook is tried out. */
export function pingPayload(hookName: string): string {
  return JSON.stringify({
    zen: 'If you can read this, deliveries will arrive.',
    hook: { type: 'Repository', name: hookName, active: true, events: ['push'] },
  });
}
