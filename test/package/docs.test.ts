/** The reference must not fall behind the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { failureTable } from '../../src/errors.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const reference = read('docs/options.md');

/** The members of an interface, as they are written in the source. */
function membersOf(source: string, name: string): string[] {
  const body = new RegExp(`^export interface ${name} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, member = '']) => member);
}

/** The first column of the tables below a heading, up to the next heading. */
function rowsBelow(heading: string): string[] {
  const section = reference.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, first = '']) => first);
}

const options = read('src/options.ts');
const events = read('src/events.ts');

it.each([
  ['options', 'Options', membersOf(options, 'GitServerOptions')],
  ['cors options', '`cors`', membersOf(options, 'CorsOptions')],
  ['git resources', '`gitResources`', membersOf(options, 'GitResourceOptions')],
  ['limits', '`limits`', membersOf(options, 'LimitOptions')],
  ['events', 'Events', membersOf(events, 'GitServerEvents')],
  ['errors', 'Errors', Object.keys(failureTable)],
])('docs/options.md has a row for each of the %s, and no other', (_what, heading, members) => {
  expect(members.length).toBeGreaterThan(2);
  expect(rowsBelow(heading).toSorted()).toEqual(members.toSorted());
});

it.each([
  ['request', 'RequestEvent'],
  ['fetch', 'FetchEvent'],
  ['push', 'PushEvent'],
  ['change', 'ChangeEvent'],
  ['create', 'CreateEvent'],
  ['error', 'ErrorEvent'],
])('docs/options.md names all that the event "%s" holds', (event, name) => {
  const row = reference.split('\n').find((line) => line.startsWith(`| \`${event}\``)) ?? '';
  const members = membersOf(events, name);
  expect(members.length).toBeGreaterThan(1);
  for (const member of members) expect(row).toContain(`\`${member}\``);
});

it('docs/options.md shows each error with its status and text', () => {
  for (const [code, { status, message }] of Object.entries(failureTable)) {
    const row = reference.split('\n').find((line) => line.startsWith(`| \`${code}\``)) ?? '';
    const cells = row.split('|').map((cell) => cell.trim());
    expect(cells.slice(1, 4)).toEqual([`\`${code}\``, String(status), message]);
  }
});

it('docs/embedding.md names every option of the doors', () => {
  const guide = read('docs/embedding.md');
  const doors = [
    ...membersOf(read('src/adapters/node.ts'), 'NodeHandlerOptions'),
    ...[...read('src/adapters/fetch.ts').matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = '']) => name),
  ];
  expect(doors.length).toBeGreaterThan(5);
  for (const name of doors) expect(guide).toContain(`\`${name}\``);
});

/** The fragment that GitHub makes of a heading. */
function fragmentOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

it.each(readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')))(
  'links in docs/%s lead to what exists',
  (name) => {
    const text = read(join('docs', name));
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    for (const [link, path = '', fragment] of links) {
      const file = path === '' ? join(root, 'docs', name) : resolve(dirname(join(root, 'docs', name)), path);
      expect([link, existsSync(file)]).toEqual([link, true]);
      if (fragment === undefined) continue;
      const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
      expect([link, headings.map((title) => fragmentOf(title))]).toEqual([
        link,
        expect.arrayContaining([fragment]),
      ]);
    }
  },
);
