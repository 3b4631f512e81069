export { limitConnections, type ConnectionLimits } from './adapters/connections.js';
export { fetchHandler, type FetchHandler, type FetchHandlerOptions } from './adapters/fetch.js';
export { nodeHandler, type NodeHandler, type NodeHandlerOptions } from './adapters/node.js';
export { RepositoryAdministration, type AdministrationOptions } from './administration/administration.js';
export type { RepositoryDetails } from './administration/inspect.js';
export type { TrashEntry } from './administration/trash.js';
export type {
  Authenticate,
  Authorize,
  AuthorizeUpdate,
  Challenge,
  RefUpdateRequest,
  UpdateDecision,
} from './access/policy.js';
export type {
  CredentialScope,
  ClientCertificate,
  Credentials,
  GitUser,
  Operation,
  RepositoryReference,
  RequestContext,
  RequestHeaders,
} from './context.js';
export { GitTyphoonError, OptionError, type FailureCode, type FailureDetails } from './errors.js';
export type {
  ActiveRequest,
  ChangedCommit,
  ChangeEvent,
  CreateEvent,
  ErrorEvent,
  FetchEvent,
  GitServerEvents,
  Listener,
  PushEvent,
  RefHistory,
  RefUpdate,
  RefUpdateResult,
  RequestEvent,
} from './events.js';
export type { ChangedPath, PushedCommit, QuarantinedObjects } from './git/quarantine.js';
export { GitVersionError } from './git/version.js';
export { createVisibilityReader } from './git/visibility-note.js';
export type { CreateOnPush } from './http/create-on-push.js';
export type { GitRequest, GitResponse, Header, ResponseBody } from './http/exchange.js';
export type {
  CorsOptions,
  EnvironmentFunction,
  GitResourceOptions,
  GitServerOptions,
  LimitOptions,
  RepositoryLookup,
} from './options.js';
export type { FetchRequest } from './protocol/fetch-request.js';
export type { ProtocolVersion } from './protocol/git-protocol.js';
export type { RefUpdateStatus } from './protocol/push-report.js';
export type { AdvertisedService, Service } from './protocol/service.js';
export type {
  ChangedRef,
  PostReceive,
  PostReceivePush,
  PreReceive,
  PreReceivePush,
  PushFacts,
  PushLimits,
  PushLimitsFunction,
} from './push/push-policy.js';
export { AdministrationError, type AdministrationCode } from './repository/administration-error.js';
export type { CreateSettings, PendingRepository, Visibility } from './repository/create-settings.js';
export { DirectoryStore, type DirectoryStoreOptions } from './repository/directory-store.js';
export type { Repository, RepositoryStore } from './repository/repository.js';
export type { AdmissionStatus, KindCounts } from './http/admission/admission.js';
export type { GitKind } from './http/admission/kinds.js';
export { createGitServer, type ChangeableOptions, type GitServer, type ServerStatus } from './server.js';
export type { CacheResult, GitExitStatus, RequestStage, StageTime } from './timeline.js';
