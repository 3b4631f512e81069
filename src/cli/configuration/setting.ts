import type { CorsOptions, GitResourceOptions, GitServerOptions, LimitOptions } from '../../options.js';
import type { PushLimits } from '../../push/push-policy.js';
import type { Kind } from './kinds.js';

/** An option of `createGitServer` that a setting becomes as it is. */
export type LibraryOption =
  | Exclude<keyof GitServerOptions, 'cors' | 'gitResources' | 'limits' | 'pushLimits'>
  | `cors.${keyof CorsOptions}`
  | `gitResources.${keyof GitResourceOptions}`
  | `limits.${keyof LimitOptions}`
  | `pushLimits.${keyof PushLimits}`;

/** One setting, without its name. */
export interface Setting {
  readonly kind: Kind<unknown>;
  /** What is in force where nobody says anything; undefined for nothing. */
  readonly default?: unknown;
  /** Where there is one, as commander writes it: `-p, --port <number>`. */
  readonly flag?: string;
  /** One line. */
  readonly text: string;
  /** What no value means, for the reference. */
  readonly without?: string;
  /** A new value is in force with the next start, not with SIGHUP. */
  readonly needsRestart?: true;
  /** The value is never printed. */
  readonly isSecret?: true;
  /** Given to `createGitServer` under this name. */
  readonly option?: LibraryOption;
}

/** A setting with the type of its value. */
export interface TypedSetting<Value> extends Setting {
  readonly kind: Kind<NonNullable<Value>>;
}

type Definition<Value> = Omit<Setting, 'kind' | 'default'> & { readonly kind: Kind<Value> };

/** A setting that has a value always. */
export function setting<Value>(
  definition: Definition<Value> & { readonly default: NoInfer<Value> },
): TypedSetting<Value>;
/** A setting that may have none. */
export function setting<Value>(definition: Definition<Value>): TypedSetting<Value | undefined>;
export function setting<Value>(definition: Definition<Value>): TypedSetting<Value | undefined> {
  return definition as TypedSetting<Value | undefined>;
}
