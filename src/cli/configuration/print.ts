/** A configuration as TOML, with the source of each value beside it. */
import { printable } from '../printable.js';
import type { Configuration } from './configuration.js';
import type { Source } from './given.js';
import { settingNames, settings, type SettingName } from './settings.js';

function sourceText(source: Source): string {
  switch (source.from) {
    case 'default':
      return 'default';
    case 'file':
      return `${printable(source.file, 2_000)}${source.line === undefined ? '' : ` line ${source.line}`}`;
    case 'environment':
      return source.variable;
    case 'flag':
      return source.flag;
  }
}

/** A key with its value; one that has none, or may not be shown, is a comment, so that the whole stays TOML. */
function line(key: string, name: SettingName, configuration: Configuration): string {
  const { kind, isSecret, without = 'none' } = settings[name];
  const source = `# ${sourceText(configuration.sourceOf(name))}`;
  const value: unknown = configuration.values[name];
  if (value === undefined) return `# ${key} is not set: ${without.replaceAll('`', '')}`;
  const isHidden = isSecret && configuration.sourceOf(name).from !== 'default';
  if (isHidden) return `# ${key} = ${kind.toToml(value)} ${source}; what may be secret is not shown`;
  return `${key} = ${kind.toToml(value)} ${source}`;
}

/** All settings, table by table. */
export function printConfiguration(configuration: Configuration): string {
  const tables = new Map<string, string[]>();
  for (const name of settingNames) {
    const dot = name.lastIndexOf('.');
    const table = name.slice(0, dot);
    const lines = tables.get(table) ?? [];
    lines.push(line(name.slice(dot + 1), name, configuration));
    tables.set(table, lines);
  }
  return [...tables].map(([table, lines]) => `[${table}]\n${lines.join('\n')}\n`).join('\n');
}
