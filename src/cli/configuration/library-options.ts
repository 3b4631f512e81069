/** Options of `createGitServer` that settings become as they are. */
import { OptionError } from '../../errors.js';
import type { GitServerOptions } from '../../options.js';
import type { ChangeableOptions } from '../../server.js';
import type { Configuration } from './configuration.js';
import type { ConfigurationError } from './given.js';
import { settingNames, settings, type SettingName } from './settings.js';

const gibibyte = 1024 ** 3;

/** The options as the table names them. */
export function libraryOptions(
  configuration: Configuration,
): Pick<GitServerOptions, Exclude<keyof GitServerOptions, 'repositories'>> {
  const { values } = configuration;
  const options: Record<string, unknown> = {};
  for (const name of settingNames) {
    const { option } = settings[name];
    const value: unknown = values[name];
    if (option === undefined || value === undefined) continue;
    const [group = '', member] = option.split('.');
    if (member === undefined) options[group] = value;
    else options[group] = { ...(options[group] as object | undefined), [member]: value };
  }
  // Without an origin there is nothing for the others to be about.
  if (values['cors.origins'] === undefined) delete options['cors'];
  const { 'limits.max-push-size': maxPushBytes = 0 } = values;
  // The library has two bounds, one for all and one of a push; for an operator there is one.
  options['limits'] = {
    ...(options['limits'] as object | undefined),
    maxPushBytes: Math.max(maxPushBytes, 64 * gibibyte),
  };
  return options;
}

/** Those that can change while a server runs; what is not set is undefined, so that it goes back to its default. */
export function changeableOptions(configuration: Configuration): ChangeableOptions {
  const {
    gitCommand: _command,
    gitConfig: _config,
    gitResources: _resources,
    hooks: _hooks,
    ...others
  } = libraryOptions(configuration);
  return { pushLimits: undefined, cors: undefined, ...others };
}

/** The setting that a complaint of the library is about; undefined when it is about none. */
function settingBlamed(error: OptionError): SettingName | undefined {
  const { option } = error;
  return settingNames.find((name) => {
    const own = settings[name].option;
    return own !== undefined && (own === option || option.startsWith(`${own}.`));
  });
}

/** The complaint as one about the setting. */
function explain(error: OptionError, configuration: Configuration): ConfigurationError | OptionError {
  const name = settingBlamed(error);
  if (name === undefined) return error;
  const { option } = error;
  const rest = option.slice(settings[name].option?.length ?? 0).replace(/^\./, '');
  const problem = error.message.replace(/^option "[^"]*" /, '');
  return configuration.error(name, rest === '' ? problem : `"${rest}" ${problem}`);
}

/** Gives options to the library; its complaint becomes one about the setting. */
export function usingOptions<T>(configuration: Configuration, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw error instanceof OptionError ? explain(error, configuration) : error;
  }
}
