/** The options of tokens from an OpenID Connect issuer: what each means, its default, and what it costs. */
import type { Operation, RequestContext } from '../context.js';

/** What a token says, as its issuer has signed it. */
export type Claims = Readonly<Record<string, unknown>>;

/** A value that a claim can be compared with. */
export type ClaimValue = string | number | boolean;

/**
 * What claims must be: by name of the claim a value, or several of which one must fit. A claim that is a list must
 * hold one of them; the claim `scope` is a list with spaces between (RFC 8693, section 4.2).
 */
export type ClaimRules = Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;

/** Options of `oidcAuthenticator`. A template is a text with names of claims in it, such as `ci:<repository>`. */
export interface OidcOptions {
  /**
   * The issuer, exactly as it stands in the claim `iss`. It must be an https URL, unless it is a loopback address.
   * Its metadata are read from `/.well-known/openid-configuration` below it.
   */
  readonly issuer: string;
  /**
   * Whom tokens must be meant for (`aud`); of several, one suffices. Choose a name that is this server's alone, such as
   * its URL: with a shared one, every service that is shown such a token can use it here.
   */
  readonly audience: string | readonly string[];
  /**
   * Claims that a token must have beyond that, or a function that tells whether it will do. Needed for issuers that sign
   * for everybody, such as that of GitHub Actions, where every stranger gets a token for any audience. Default none.
   */
  readonly requiredClaims?: ClaimRules | ((claims: Claims) => boolean) | undefined;
  /**
   * The user's name: a claim such as `preferred_username`, a template, or a function; for undefined the token is
   * refused. Default `sub`. Do not choose a claim that users can change themselves.
   */
  readonly user?: string | ((claims: Claims) => string | undefined) | undefined;
  /**
   * Stands before each user's name, so that nobody of this issuer is taken for a user of another authenticator, such as
   * `ci:`. Default none.
   */
  readonly userPrefix?: string | undefined;
  /**
   * The user's groups: a claim that is a name or a list of names, a list of templates, or a function. A claim that is
   * missing is no groups. Default none.
   */
  readonly groups?: string | readonly string[] | ((claims: Claims) => readonly string[]) | undefined;
  /** Stands before each group's name. Default none. */
  readonly groupPrefix?: string | undefined;
  /**
   * What a token may be used for at the most: by operation `true` or the claims that it needs, or a function. What is
   * not named is not allowed. Default all. It gives no rights: it holds down those that the user has.
   */
  readonly operations?:
    | { readonly [operation in Operation]?: boolean | ClaimRules | undefined }
    | ((claims: Claims) => readonly Operation[])
    | undefined;
  /**
   * The repositories that a token may be used for at the most: patterns for canonical names, as templates such as
   * `<project_path>.git`, or a function that returns patterns. Claims in templates are taken literally; in a function put
   * them through `literalGlob`. Default all.
   */
  readonly repositories?: readonly string[] | ((claims: Claims) => readonly string[]) | undefined;
  /** How far clocks may differ, in seconds, at most 600. Default 60. */
  readonly clockToleranceSeconds?: number | undefined;
  /** Signature algorithms, none but asymmetric ones. Default all that are known. */
  readonly algorithms?: readonly string[] | undefined;
  /**
   * Kinds of tokens (`typ` of the header) that are accepted, beside those that have none. Default `JWT` and `at+jwt`, so
   * that a logout token or the like is no ticket.
   */
  readonly tokenTypes?: readonly string[] | undefined;
  /** How long the issuer's keys are used before they are read again, in milliseconds. Default 600,000. */
  readonly jwksCacheMs?: number | undefined;
  /**
   * How long after a reading of the keys a token with an unknown key causes no other, in milliseconds. A new key may be
   * refused for as long. Default 30,000.
   */
  readonly jwksCooldownMs?: number | undefined;
  /** How long the issuer may take for an answer, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** A token of this issuer was refused. The reason is for the log; it holds nothing secret. */
  readonly onRefused?: ((refusal: OidcRefusal) => void) | undefined;
  /**
   * The issuer's keys cannot be had, and tokens are answered with 503. Told once for each reason, until it works again.
   * Default a warning of the process.
   */
  readonly onProblem?: ((problem: Error) => void) | undefined;
}

/** Why a token was refused, for the operator. */
export interface OidcRefusal {
  readonly reason: string;
  readonly context: RequestContext;
}
