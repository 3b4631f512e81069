/** What can be wrong with a change to the repositories themselves. */
export type AdministrationCode =
  /** The name can be no repository's. */
  | 'ERR_REPOSITORY_NAME'
  /** Something with this name is there already. */
  | 'ERR_REPOSITORY_EXISTS'
  /** There is no such repository. */
  | 'ERR_REPOSITORY_MISSING'
  /** No repository may be at this place: inside another, behind a link, or beside a name that looks the same. */
  | 'ERR_REPOSITORY_PLACE'
  /** A setting cannot be used: a branch that does not exist, a text of two lines. */
  | 'ERR_REPOSITORY_SETTING';

/** A repository cannot be created, renamed, deleted or changed like this. The message holds no absolute path. */
export class AdministrationError extends Error {
  override readonly name = 'AdministrationError';
  readonly code: AdministrationCode;

  constructor(code: AdministrationCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
