/** Settings from a TOML file, where every mistake is told with its line. */
import { readFile } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import { isTable, tomlProblem, unreadableReason } from '../../access/file-problem.js';
import { locate } from '../../access/rules-positions.js';
import { printable } from '../printable.js';
import { nearest } from '../nearest.js';
import {
  readValue,
  shownSource,
  type GivenSettings,
  type GivenValue,
  type Mistake,
  type Source,
} from './given.js';
import { isSettingName, settingNames, settings, type SettingName } from './settings.js';

export interface FileSettings {
  readonly given: GivenSettings;
  readonly mistakes: readonly Mistake[];
}

const sections = [
  ...new Set(
    settingNames.flatMap((name) => name.split('.').map((_part, at, all) => all.slice(0, at).join('.'))),
  ),
].filter((name) => name !== '');

const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** What was perhaps meant by a name that is not known. */
function meantBy(name: string, isTable: boolean): string | undefined {
  if (isTable) return nearest(name, sections) ?? nearest(name, settingNames);
  const inOtherTable = settingNames.find((known) => lastOf(known) === lastOf(name));
  return inOtherTable ?? nearest(name, settingNames);
}

class Reader {
  readonly given = new Map<SettingName, GivenValue>();
  readonly mistakes: Mistake[] = [];
  readonly #file: string;
  readonly #lineOf: (path: readonly string[]) => number | undefined;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#lineOf = locate(text);
  }

  read(table: Readonly<Record<string, unknown>>, path: readonly string[] = []): void {
    for (const [key, value] of Object.entries(table)) {
      const names = [...path, key];
      const name = names.join('.');
      const source: Source = { from: 'file', file: this.#file, line: this.#lineOf(names) };
      // A quoted key with a dot in it is no way to write a name.
      if (!key.includes('.') && isSettingName(name)) {
        readValue(name, source, () => settings[name].kind.fromToml(value, this.#file), this);
      } else if (!key.includes('.') && sections.includes(name)) {
        if (isTable(value)) this.read(value, names);
        else this.#fail(source, `"${printable(name)}" is a table; write [${name}]`);
      } else {
        const meant = meantBy(name, isTable(value));
        const advice =
          meant === undefined ? '"gittyphoon config print" shows what there is' : `did you mean ${meant}?`;
        this.#fail(source, `"${printable(name)}" is not known; ${advice}`);
      }
    }
  }

  #fail(source: Source, problem: string): void {
    this.mistakes.push({ source, text: `${shownSource(source) ?? ''}: ${problem}` });
  }
}

/** Reads a file; whatever is wrong with it is among the mistakes. */
export async function readSettingsFile(file: string): Promise<FileSettings> {
  const failed = (line: number | undefined, problem: string): FileSettings => {
    const source: Source = { from: 'file', file, line };
    return { given: new Map(), mistakes: [{ source, text: `${shownSource(source) ?? ''}: ${problem}` }] };
  };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof TypeError) return failed(undefined, 'the file is not UTF-8; save it as UTF-8');
    return failed(undefined, unreadableReason(error));
  }
  try {
    const table = parse(text);
    const reader = new Reader(file, text);
    reader.read(table);
    return reader;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return failed(error.line, tomlProblem(error));
  }
}
