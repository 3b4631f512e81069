/** All settings of the server in one table: flags, environment, file, checks and the reference are made of it. */
import type { Setting, TypedSetting } from './setting.js';
import { access, throttle } from './settings/access.js';
import { cors } from './settings/cors.js';
import { git } from './settings/git.js';
import { limits } from './settings/limits.js';
import { listening } from './settings/listening.js';
import { observation } from './settings/observation.js';
import { operation } from './settings/operation.js';
import { repositories } from './settings/repositories.js';

const table = {
  ...listening,
  ...repositories,
  ...access,
  ...throttle,
  ...limits,
  ...git,
  ...cors,
  ...operation,
  ...observation,
};

/** As in a file: `limits.max-push-size` is the key `max-push-size` of the table `[limits]`. */
export type SettingName = keyof typeof table;

/** The value of each setting. */
export type SettingValues = {
  readonly [Name in SettingName]: (typeof table)[Name] extends TypedSetting<infer Value> ? Value : never;
};

export const settings: Readonly<Record<SettingName, Setting>> = table;

export const settingNames = Object.keys(table) as readonly SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(table, name);
}

/** The variable of the environment: `GITTYPHOON_LIMITS_MAX_PUSH_SIZE`. */
export function variableOf(name: SettingName): string {
  return `GITTYPHOON_${name.toUpperCase().replaceAll(/[.-]/g, '_')}`;
}

/** The long form of the flag, such as `--port`, where there is one. */
export function flagOf(name: SettingName): string | undefined {
  return /--[\w-]+/.exec(settings[name].flag ?? '')?.[0];
}
