/** Settings from variables of the environment. */
import { nearest } from '../nearest.js';
import { readValue, type GivenSettings, type GivenValue, type Mistake } from './given.js';
import { settingNames, settings, variableOf, type SettingName } from './settings.js';

/** The variable that names the file. */
export const fileVariable = 'GITTYPHOON_CONFIG';

/** Of the command `token`, and older than this table. */
const others = ['GITTYPHOON_TOKENS', fileVariable];

export interface EnvironmentSettings {
  readonly given: GivenSettings;
  readonly mistakes: readonly Mistake[];
  /** Variables that are perhaps mistyped. Others that begin so are left alone: container systems make some. */
  readonly doubts: readonly string[];
}

/** Reads the variables; an empty one counts as none. */
export function readEnvironment(environment: Readonly<NodeJS.ProcessEnv>): EnvironmentSettings {
  const read = { given: new Map<SettingName, GivenValue>(), mistakes: [] as Mistake[] };
  const known = new Set(others);
  for (const name of settingNames) {
    const variable = variableOf(name);
    known.add(variable);
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    readValue(name, { from: 'environment', variable }, () => settings[name].kind.fromText(text), read);
  }
  const doubts: string[] = [];
  for (const variable of Object.keys(environment)) {
    if (!/^GITTYPHOON_\w+$/.test(variable) || known.has(variable)) continue;
    const meant = nearest(variable, [...known]);
    if (meant !== undefined) doubts.push(`${variable} is no setting; did you mean ${meant}?`);
  }
  return { ...read, doubts };
}
