/** The flags of commander that are made of the settings, and what was given with them. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { oneFolder } from '../folder.js';
import type { GivenSettings, GivenValue } from './given.js';
import { ValueProblem, type Kind } from './kinds.js';
import { flagOf, settingNames, settings, type SettingName } from './settings.js';

/** What a command line says. */
export interface CommandLine {
  readonly given: GivenSettings;
  /** The file of `--config`. */
  readonly file: string | undefined;
}

/** Commander tells which flag it is, and what was given. */
function parserOf(kind: Kind<unknown>): (text: string, earlier: unknown) => unknown {
  return (text, earlier) => {
    try {
      const value = kind.isList ? [text] : kind.fromText(text);
      // The default comes as an earlier value too; it is no list.
      return kind.isList && Array.isArray(earlier) ? [...(earlier as unknown[]), text] : value;
    } catch (error) {
      throw error instanceof ValueProblem ? new InvalidArgumentError(error.message) : error;
    }
  };
}

function optionOf(name: SettingName, flags: string): Option {
  const { kind, text, default: value } = settings[name];
  const option = new Option(flags, text);
  if (kind.isSwitch) return option;
  if (kind.choices) option.choices(kind.choices);
  else option.argParser(parserOf(kind));
  // That of the folder is told with DIR.
  return value === undefined || name === 'repositories.root' ? option : option.default(value);
}

/** Adds a flag for each setting that has one, and `--config`. */
export function addSettingFlags(command: Command): Command {
  for (const name of settingNames) {
    const { flag } = settings[name];
    if (flag !== undefined) command.addOption(optionOf(name, flag));
  }
  return command.option('--config <FILE>', 'a file with settings; flags and the environment outrank it');
}

/** What was given to a command with these flags; `dir` is its argument DIR. */
export function commandLineOf(command: Command, dir: string | undefined): CommandLine {
  const given = new Map<SettingName, GivenValue>();
  for (const name of settingNames) {
    const flag = flagOf(name);
    if (flag === undefined) continue;
    const key = new Option(flag).attributeName();
    if (command.getOptionValueSource(key) !== 'cli') continue;
    given.set(name, { value: command.getOptionValue(key) as unknown, source: { from: 'flag', flag } });
  }
  if (dir !== undefined) {
    oneFolder(dir, given.get('repositories.root')?.value as string | undefined);
    given.set('repositories.root', { value: dir, source: { from: 'flag', flag: 'DIR' } });
  }
  return { given, file: command.getOptionValue('config') as string | undefined };
}
