/**
 * The bodies of deliveries, as GitHub's receivers read them ("Webhook events and payloads": push, ping). What we do not
 * know is null or empty, and where a URL would be needed that nobody has configured, the member is left out.
 */
import { basename, dirname } from 'node:path';
import type { ChangedCommit, ChangeEvent, RefHistory, RefUpdate } from '../events.js';

type Repository = ChangeEvent['repository'];

/** The last part of the name; that of the folder where the repository is the root and has no name. */
function shortName({ name, gitDir }: Repository): string {
  const path = name !== '' ? name : basename(gitDir) === '.git' ? dirname(gitDir) : gitDir;
  return basename(path).replace(/(?<=.)\.git$/, '');
}

function urlOf({ name }: Repository, publicUrl: URL | undefined): string | undefined {
  const path = name.split('/').map(encodeURIComponent).join('/');
  return publicUrl && new URL(path, publicUrl).href;
}

function describeRepository(repository: Repository, url: string | undefined): object {
  const short = shortName(repository);
  const slash = repository.name.lastIndexOf('/');
  const owner = slash < 0 ? '' : repository.name.slice(0, slash);
  return {
    name: short,
    full_name: owner === '' ? short : `${owner}/${short}`,
    owner: { name: owner, login: owner },
    // Ours: with `.git` where the name has it. Rules and patterns are written for this one.
    canonical_name: repository.name,
    ...(url === undefined ? {} : { html_url: url, url, clone_url: url }),
  };
}

/** What git knows of a change; what it was not asked, or has not answered, is undefined. */
export interface ChangeFacts {
  readonly isForced: boolean | undefined;
  readonly history: RefHistory | undefined;
}

function describeCommit(commit: ChangedCommit, repositoryUrl: string | undefined): object {
  const { oid, treeOid, message, committedAt, isDistinct, added, removed, modified } = commit;
  return {
    id: oid,
    tree_id: treeOid,
    distinct: isDistinct,
    message,
    timestamp: committedAt,
    ...(repositoryUrl === undefined ? {} : { url: `${repositoryUrl.replace(/\/$/, '')}/commit/${oid}` }),
    author: { name: commit.authorName, email: commit.authorEmail },
    committer: { name: commit.committerName, email: commit.committerEmail },
    added,
    removed,
    modified,
  };
}

/** The body for one change of a push. `publicUrl` ends with a slash. */
export function pushPayload(
  event: ChangeEvent,
  update: RefUpdate,
  { isForced, history }: ChangeFacts,
  publicUrl: URL | undefined,
): string {
  const { kind, oldOid, newOid, refName } = update;
  const name = event.user?.name ?? 'anonymous';
  const url = urlOf(event.repository, publicUrl);
  const head = history?.head;
  return JSON.stringify({
    ref: refName,
    before: oldOid,
    after: newOid,
    base_ref: null,
    created: kind === 'create',
    deleted: kind === 'delete',
    forced: isForced ?? null,
    compare: '',
    commits: history?.commits.map((commit) => describeCommit(commit, url)) ?? [],
    head_commit: head ? describeCommit(head, url) : null,
    // Ours: whoever decides by commits and paths has to know that they are not all.
    truncated: history?.isTruncated ?? true,
    repository: describeRepository(event.repository, url),
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
