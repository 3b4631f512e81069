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

/** What a client certificate says, once TLS has found it to be signed by an authority that the server trusts. */
export interface ClientCertificate {
  /** The parts of the subject's name, such as `CN`, `O` and `OU`; a list where a part is there several times. */
  readonly subject: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As Node.js writes it: `email:ann@example.org, DNS:…`; undefined when the certificate has none. */
  readonly subjectAltName: string | undefined;
  /** SHA-256 of the certificate: upper-case hexadecimal with colons. */
  readonly fingerprint256: string;
}

/**
 * What credentials may be used for at the most, whatever their user may do: a token that only reads, or that opens one
 * repository.
 */
export interface CredentialScope {
  readonly operations: readonly Operation[];
  /** Whether the repository of this canonical name is among those that the credentials are for. */
  readonly includes: (repositoryName: string) => boolean;
}

/** Somebody whom `authenticate` has recognised. */
export interface GitUser {
  /** Becomes REMOTE_USER and the committer in reflogs. */
  readonly name: string;
  /** Groups that rules may name. Default none. */
  readonly groups?: readonly string[] | undefined;
  /** Holds down what the present credentials open; without it they open all that their user may do. */
  readonly scope?: CredentialScope | undefined;
  /** Whatever your own functions want to know later, such as groups or a database row. */
  readonly details?: unknown;
}

/** Reading is fetch, clone and archive; writing is push, its discovery included. */
export type Operation = 'read' | 'write';

/** One request, as `authenticate`, `authorize`, `environment`, lookups and events see it. */
export interface RequestContext {
  /** Different for every request, or what the door's option `requestId` gives; it stands in errors and logs. */
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
  /** The client's address; undefined where the host does not tell. */
  readonly remoteAddress: string | undefined;
  /** Where the connection comes from: a proxy's address, where one stands in between. Default unknown. */
  readonly peerAddress?: string | undefined;
  /** Only where TLS ends at this server, asks for certificates, and has verified this one. Default none. */
  readonly clientCertificate?: ClientCertificate | undefined;
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
