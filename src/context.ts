import type { ProtocolVersion } from './protocol/git-protocol.js';
import type { Service } from './protocol/service.js';
import type { Repository } from './repository/repository.js';

/** Request headers by lower-case name, as node:http gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a client sent in its Authorization header. */
export type Credentials =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string }
  /** Another scheme, or a header that cannot be read. */
  | { readonly scheme: 'other'; readonly header: string };

/** Somebody whom `authenticate` has recognised. */
export interface GitUser {
  /** Becomes REMOTE_USER and the committer in reflogs. */
  readonly name: string;
  /** Whatever your own functions want to know later, such as groups or a database row. */
  readonly details?: unknown;
}

/** Reading is fetch, clone and archive; writing is push, its discovery included. */
export type Operation = 'read' | 'write';

/** One request, as `authenticate`, `authorize`, `environment`, lookups and events see it. */
export interface RequestContext {
  /** Different for every request of this process; it stands in errors and logs. */
  readonly id: string;
  readonly method: string;
  /** The repository's path as it was asked for, decoded; see `Repository.name` for the canonical one. */
  readonly path: string;
  readonly operation: Operation;
  /** The smart service, or `dumb` for the plain files of the dumb protocol. */
  readonly service: Service | 'dumb';
  /** `discovery` is GET info/refs; `rpc` is the POST that follows; `file` belongs to the dumb protocol. */
  readonly phase: 'discovery' | 'rpc' | 'file';
  readonly protocolVersion: ProtocolVersion;
  readonly headers: RequestHeaders;
  /** The peer's address; undefined where the host does not tell. */
  readonly remoteAddress: string | undefined;
  /** Never log these. */
  readonly credentials: Credentials | undefined;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** The repository that a request names, whether or not it exists, so that both cases take the same way. */
export interface RepositoryReference {
  /** The canonical name; the path as asked for where there is no such repository. */
  readonly name: string;
  /** Undefined when there is no such repository. */
  readonly repository: Repository | undefined;
}
