/** What is configured in all: of several values of a setting the one from the strongest source. */
import { isDeepStrictEqual } from 'node:util';
import { OptionError } from '../../errors.js';
import { fileVariable, readEnvironment } from './environment.js';
import { readSettingsFile } from './file.js';
import type { CommandLine } from './flags.js';
import { ConfigurationError, mistakeAbout, type GivenValue, type Mistake, type Source } from './given.js';
import {
  flagOf,
  isSettingName,
  settingNames,
  settings,
  type SettingName,
  type SettingValues,
} from './settings.js';

/** The value of every setting, and where each comes from. */
export class Configuration {
  readonly values: SettingValues;
  readonly #sources: ReadonlyMap<SettingName, Source>;

  constructor(given: ReadonlyMap<SettingName, GivenValue>) {
    const entries = settingNames.map((name) => [name, given.get(name)?.value ?? settings[name].default]);
    this.values = Object.fromEntries(entries) as SettingValues;
    this.#sources = new Map([...given].map(([name, { source }]) => [name, source]));
  }

  sourceOf(name: SettingName): Source {
    return this.#sources.get(name) ?? { from: 'default' };
  }

  /** What is wrong with a setting; names of others in `problem`, in braces, are said as this one is said. */
  mistake(name: SettingName, problem: string): Mistake {
    const source = this.sourceOf(name);
    const areFlags = source.from === 'flag' || source.from === 'default';
    const said = problem.replaceAll(/\{([\w.-]+)\}/g, (_braces, other: string) =>
      areFlags && isSettingName(other) ? (flagOf(other) ?? other) : other,
    );
    return mistakeAbout(name, source, said);
  }

  /** {@link mistake}, to be thrown. */
  error(name: SettingName, problem: string): ConfigurationError {
    return new ConfigurationError([this.mistake(name, problem)]);
  }

  /**
   * Does something with the value of a setting. A library's complaint becomes one about the setting; where several are at
   * work, by the option that it names.
   */
  blaming<T>(whom: SettingName | Readonly<Record<string, SettingName>>, use: () => T): T {
    try {
      return use();
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      const name = typeof whom === 'string' ? whom : whom[error.option];
      if (name === undefined) throw error;
      throw this.error(name, error.message.replace(/^option "[^"]*" /, ''));
    }
  }

  /** Waits for a file that a setting names; what is wrong with it is told with the place where it is named. */
  async naming<T>(name: SettingName, opening: Promise<T>): Promise<T> {
    try {
      return await opening;
    } catch (error) {
      const source = this.sourceOf(name);
      // Whoever has just written a flag knows where.
      if (source.from === 'flag' || source.from === 'default') throw error;
      if (error instanceof ConfigurationError || !(error instanceof Error)) throw error;
      throw this.error(name, error.message);
    }
  }

  /** The names of the settings that have another value in `other`. */
  differences(other: Configuration): readonly SettingName[] {
    return settingNames.filter((name) => !isDeepStrictEqual(this.values[name], other.values[name]));
  }

  /** The same, but for some settings as in `other`. */
  withThoseOf(other: Configuration, names: readonly SettingName[]): Configuration {
    const all = new Map<SettingName, GivenValue>();
    for (const name of settingNames) {
      const from = names.includes(name) ? other : this;
      const source = from.sourceOf(name);
      if (source.from !== 'default') all.set(name, { value: from.values[name], source });
    }
    return new Configuration(all);
  }
}

/** A configuration as far as it can be read, with what is wrong with it. */
export interface ReadConfiguration {
  readonly configuration: Configuration;
  readonly mistakes: readonly Mistake[];
  /** What is perhaps not meant so; for a log. */
  readonly doubts: readonly string[];
}

/** Reads all sources: flags are stronger than the environment, that is stronger than the file. */
export async function tryReadConfiguration(
  { given: flags, file: named }: CommandLine,
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<ReadConfiguration> {
  const file = named ?? (environment[fileVariable] || undefined);
  const inFile = file === undefined ? undefined : await readSettingsFile(file);
  const inEnvironment = readEnvironment(environment);
  return {
    configuration: new Configuration(new Map([...(inFile?.given ?? []), ...inEnvironment.given, ...flags])),
    mistakes: [...inEnvironment.mistakes, ...(inFile?.mistakes ?? [])],
    doubts: inEnvironment.doubts,
  };
}

/** Reads all sources; rejects with a {@link ConfigurationError} when one has a mistake. */
export async function readConfiguration(commandLine: CommandLine): Promise<ReadConfiguration> {
  const read = await tryReadConfiguration(commandLine);
  if (read.mistakes.length > 0) throw new ConfigurationError(read.mistakes);
  return read;
}
