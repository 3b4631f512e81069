/** Kinds of values that hold several others. */
import { isTable } from '../../access/file-problem.js';
import { tomlText, ValueProblem, type Kind } from './kinds.js';

const listAdvice = 'Give a list of texts, such as ["one", "two"].';

/** Texts; in the environment with commas between them. */
export const list: Kind<readonly string[]> = {
  form: 'list of texts',
  fromText: (given) => given.split(',').map((item) => item.trim()),
  fromToml(value) {
    const items = Array.isArray(value) ? (value as readonly unknown[]) : [];
    if (!Array.isArray(value) || !items.every((item) => typeof item === 'string')) {
      throw new ValueProblem(listAdvice);
    }
    return items;
  },
  toToml: (items) => `[${items.map((item) => tomlText(item)).join(', ')}]`,
  isList: true,
};

/** A list, or `*` for everything. */
export const listOrAll: Kind<readonly string[] | '*'> = {
  form: 'list of texts, or `*`',
  fromText: (given) => (given.trim() === '*' ? '*' : list.fromText(given)),
  fromToml: (value, file) => (value === '*' ? value : list.fromToml(value, file)),
  toToml: (items) => (items === '*' ? '"*"' : list.toToml(items)),
};

/** What git's configuration takes: names with a text, or a list of texts, each. */
export type GitConfig = Readonly<Record<string, string | readonly string[]>>;

const configAdvice = 'Give names with texts, such as "uploadpack.allowFilter" = "true".';

/** Nested tables, as TOML makes them of names that are not quoted, joined to git's names. */
function flatten(table: object, before: string, flat: Record<string, string | readonly string[]>): GitConfig {
  for (const [key, value] of Object.entries(table) as [string, unknown][]) {
    const name = before + key;
    if (typeof value === 'string') flat[name] = value;
    else if (typeof value === 'boolean' || typeof value === 'number') flat[name] = String(value);
    else if (Array.isArray(value)) flat[name] = list.fromToml(value, '');
    else if (isTable(value)) {
      flatten(value, `${name}.`, flat);
    } else throw new ValueProblem(configAdvice);
  }
  return flat;
}

/** Configuration of git; in the environment as lines of `name=value`. Its values are never shown: they may be secrets. */
export const gitConfig: Kind<GitConfig> = {
  form: 'table of names and texts',
  fromText(given) {
    const config: Record<string, string | string[]> = {};
    for (const line of given.split('\n').filter((each) => each.trim() !== '')) {
      const [, name = '', value = ''] = /^\s*([^=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === '') throw new ValueProblem('Give lines such as uploadpack.allowFilter=true.');
      const earlier = config[name];
      config[name] = earlier === undefined ? value : [earlier, value].flat();
    }
    return config;
  },
  fromToml(value) {
    if (!isTable(value)) throw new ValueProblem(configAdvice);
    return flatten(value, '', {});
  },
  toToml: (config) =>
    `{ ${Object.keys(config)
      .map((name) => `${tomlText(name)} = "…"`)
      .join(', ')} }`,
};
