/** docs/configuration.md must say what the table of settings says; with UPDATE_DOCS=1 it is made to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { readSettingsFile } from '../../src/cli/configuration/file.js';
import { settingNames, settings, type SettingName } from '../../src/cli/configuration/settings.js';
import { makeTempDir } from '../support/fixtures.js';

const page = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url));

const cell = (text: string): string => text.replaceAll('|', '\\|');

function shownDefault(name: SettingName): string {
  const { kind, default: value, without = 'none' } = settings[name];
  if (value === undefined) return without;
  return name === 'git.config' ? 'none' : `\`${kind.toToml(value)}\``;
}

function row(name: SettingName): string {
  const { kind, flag, text, needsRestart } = settings[name];
  const key = name.slice(name.lastIndexOf('.') + 1);
  const cells = [`\`${key}\``, flag ? `\`${flag}\`` : '', kind.form, shownDefault(name), text];
  const restart = needsRestart ? ' **Restart.**' : '';
  return `| ${cells.map(cell).join(' | ')}.${restart} |`;
}

function reference(): string {
  const tables = new Map<string, string[]>();
  for (const name of settingNames) {
    const table = name.slice(0, name.lastIndexOf('.'));
    tables.set(table, [...(tables.get(table) ?? []), row(name)]);
  }
  const head = '| Setting | Flag | Value | Default | Meaning |\n| --- | --- | --- | --- | --- |';
  return [...tables].map(([table, rows]) => `### ${table}\n\n${head}\n${rows.join('\n')}\n`).join('\n');
}

it('docs/configuration.md shows every setting with its flag, value, default and meaning', async () => {
  const text = readFileSync(page, 'utf8');
  const [before = '', , after = ''] = text.split(/<!-- \/?settings -->/);
  const wanted = await format(`${before}<!-- settings -->\n\n${reference()}\n<!-- /settings -->${after}`, {
    ...(await resolveConfig(page)),
    parser: 'markdown',
  });
  expect(settingNames.length).toBeGreaterThan(40);
  if (process.env['UPDATE_DOCS']) writeFileSync(page, wanted);
  expect(process.env['UPDATE_DOCS'] ? wanted : text).toBe(wanted);
});

it('the example in docs/configuration.md can be used', async () => {
  const [, example = ''] =
    /```toml\n(# [^\n]*\n\[listen\][\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? [];
  const place = makeTempDir();
  const file = join(place.path, 'gittyphoon.toml');
  writeFileSync(file, example);
  const { given, mistakes } = await readSettingsFile(file);
  place.dispose();
  expect(mistakes).toEqual([]);
  expect(given.size).toBeGreaterThan(5);
});
