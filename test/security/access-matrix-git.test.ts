/** A diagonal through the matrix with real git: one refusal of every kind, by every way, and what its user reads. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git, gitOk, type GitResult } from '../support/fixtures.js';
import { openStage, type Stage } from './access-matrix/stage.js';
import type { WayName } from './access-matrix/ways.js';
import type { Caller } from './access-matrix/expected.js';

let stage: Stage;
let copy: string;
const run = 'git';

beforeAll(async () => {
  stage = await openStage([run]);
  copy = stage.fresh();
  await gitOk(['clone', '-q', '--mirror', `${stage.repositories.root}/allow-all.git`, copy]);
});
afterAll(() => stage.close());

/** As people give credentials to git: in the URL, by a helper, or as a header. */
type Means = 'URL' | 'helper' | 'header';

function headerOf(way: WayName, caller: Caller): readonly [string, string] | undefined {
  return stage.ways.by[way].callers[caller]?.[0];
}

/** Runs git against a repository as a caller. */
function as(
  way: WayName,
  caller: Caller,
  means: Means,
  args: (url: string) => readonly string[],
  kind: string,
  version: number,
): Promise<GitResult> {
  const url = `${stage.plain.get(way)?.url ?? ''}/${kind}.git`;
  const config = ['-c', `protocol.version=${version}`, '-c', 'push.useForceIfIncludes=false'];
  const header = headerOf(way, caller);
  if (!header) return git([...config, ...args(url)], { cwd: copy });
  const [name, value] = header;
  if (means === 'header') {
    return git([...config, '-c', `http.extraHeader=${name}: ${value}`, ...args(url)], { cwd: copy });
  }
  const text = Buffer.from(value.replace(/^Basic /, ''), 'base64').toString();
  const colon = text.indexOf(':');
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (means === 'URL') {
    const full = url.replace('//', `//${user}:${encodeURIComponent(password)}@`);
    return git([...config, ...args(full)], { cwd: copy });
  }
  const helper = `!f() { test "$1" = get && echo username=${user} && echo "password=$PASSWORD"; }; f`;
  const all = [...config, '-c', `credential.helper=${helper}`, ...args(url)];
  return git(all, { cwd: copy, env: { PASSWORD: password } });
}

const list = (url: string): string[] => ['ls-remote', url];
const push =
  (...refspecs: readonly string[]) =>
  (url: string): string[] => ['push', url, ...refspecs];
const ref = (change: string): string => `refs/heads/${run}/${change}`;
const tag = (change: string): string => `refs/tags/${run}/${change}`;

const passwordWays = [
  'a plain function',
  'an access file',
  'an htpasswd file',
  'an external endpoint',
] as const;
const notFound = /^remote: repository not found\nfatal: repository '.*' not found\n$/;
const noPush =
  /^remote: you are not allowed to push to this repository\nfatal: unable to access '.*': The requested URL returned error: 403\n$/;
const failed = /fatal: Authentication failed for /;
const asked = /^fatal: could not read Username for /;

/** The line of a ref that is refused. */
function rejected(text: string): RegExp {
  return new RegExp(`^ ! \\[remote rejected\\] ${text.replaceAll(/[()]/g, '\\$&')}$`, 'm');
}

type Row = readonly [
  way: WayName,
  caller: Caller,
  means: Means,
  kind: string,
  command: (url: string) => readonly string[],
  said: RegExp,
];

const rows: readonly Row[] = [
  ['a plain function', 'actor', 'URL', 'private', list, notFound],
  ['an access file', 'actor', 'helper', 'no-entry', list, notFound],
  ['an htpasswd file', 'actor', 'URL', 'deny-read', list, notFound],
  ['a token as a Basic password', 'actor', 'helper', 'deny-all', push('main'), notFound],
  ['an external endpoint', 'stranger', 'URL', 'allow-all', list, notFound],
  ["a proxy's header", 'stranger', 'header', 'private', list, notFound],
  ['an identity token as Bearer', 'stranger', 'header', 'allow-read', list, notFound],
  ['a header that is not from the proxy', 'nobody', 'header', 'authenticated', list, asked],
  ["a proxy's header", 'nobody', 'header', 'allow-all', push('main'), asked],
  ['an external endpoint', 'nobody', 'header', 'public', push('main'), asked],
  ...passwordWays.map((way): Row => [way, 'impostor', 'URL', 'authenticated', list, failed]),
  ['a token as a Basic password', 'impostor', 'helper', 'authenticated', list, failed],
  // A header is sent unasked: what is wrong is refused also where everybody may read.
  ['a token as Bearer', 'impostor', 'header', 'public', list, asked],
  ['an identity token as a Basic password', 'impostor', 'helper', 'allow-all', push('main'), failed],
  ['a token as Bearer', 'reader', 'header', 'allow-all', push('main'), noPush],
  ['a token as a Basic password', 'reader', 'helper', 'allow-all', push('main'), noPush],
  ['an identity token as Bearer', 'reader', 'header', 'allow-all', push('main'), noPush],
  ['an identity token as a Basic password', 'reader', 'helper', 'allow-all', push('main'), noPush],
  ['an access file', 'actor', 'URL', 'allow-read', push('main'), noPush],
  ['an external endpoint', 'actor', 'helper', 'deny-write', push('main'), noPush],
  ["a proxy's header", 'actor', 'header', 'public', push('main'), noPush],
  ['an htpasswd file', 'actor', 'helper', 'public-deny-write', push('main'), noPush],
  [
    'a plain function',
    'actor',
    'URL',
    'deny-create',
    push(`main:${ref('create')}`),
    rejected(`main -> ${run}/create (you may not create this branch)`),
  ],
  [
    'an access file',
    'actor',
    'helper',
    'allow-update',
    push(`main:${tag('new-tag')}`),
    rejected(`main -> ${run}/new-tag (you may not create this tag)`),
  ],
  [
    'an htpasswd file',
    'actor',
    'URL',
    'deny-update',
    push(`main:${ref('update')}`),
    rejected(`main -> ${run}/update (you may not update this branch)`),
  ],
  [
    'a token as Bearer',
    'actor',
    'header',
    'deny-force-push',
    push(`+sibling:${ref('force')}`),
    rejected(`sibling -> ${run}/force (you may not rewrite the history of this branch)`),
  ],
  [
    'an identity token as Bearer',
    'actor',
    'header',
    'deny-delete',
    push(`:${ref('delete')}`),
    rejected(`${run}/delete (you may not delete this branch)`),
  ],
  [
    'an identity token as a Basic password',
    'actor',
    'helper',
    'allow-write',
    push(`+main:${tag('move-tag')}`),
    rejected(`main -> ${run}/move-tag (you may not move this tag)`),
  ],
  [
    "a proxy's header",
    'actor',
    'header',
    'deny-change-tags',
    push(`:${tag('drop-tag')}`),
    rejected(`${run}/drop-tag (you may not delete this tag)`),
  ],
];

describe.each([0, 2])('S4: git of version %i', (version) => {
  it.each(rows)('%s, %s, by %s, in %s: is refused and says why', async (...row) => {
    const [way, caller, means, kind, command, said] = row;
    const { code, stderr } = await as(way, caller, means, command, kind, version);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(said);
  });
});
