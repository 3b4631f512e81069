/**
 * The files of access are rewritten all the time while clients fetch and push: in one step, by truncation, and with
 * something broken in between. Whoever keeps their rights notices nothing of it.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  combineAuthenticators,
  openAccessFile,
  openHtpasswdFile,
  openRulesFile,
  openTokenFile,
} from '../../src/access/index.js';
import { basic, rawPush } from '../security/stage.js';
import { fsck, gitOk, makeBareRepository, makeTempDir, replaceFile } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import type { Headers } from './differential/case.js';
import { openLab, refOf, type Lab } from './lab.js';
import { fetchType, lsRefs, pushType } from './raw-push.js';

/** How often each file is rewritten. */
const rounds = 90;

const folder = makeTempDir();
const at = (name: string): string => join(folder.path, name);

/** In even rounds guests may come in, in odd ones not; everybody else is always there. */
type Content = (round: number) => string;

interface RewrittenFile {
  readonly path: string;
  readonly content: Content;
  /** What is no such file; it never replaces the file before it has been read. */
  readonly broken: string;
}

let lab: Lab;
let files: readonly RewrittenFile[];
/** Who keeps their rights, and what they send. */
const regulars: Record<string, readonly [string, string]> = {};
/** Who comes and goes, one in each file. */
const guests: Record<string, readonly [string, string]> = {};
const problems: string[] = [];

/** Tokens of a regular and a guest, with the two states of their file. */
async function makeTokens(): Promise<readonly [kept: string, guest: string, content: Content]> {
  const tokens = await openTokenFile(at('tokens.json'));
  const common = { scope: 'write', repositories: ['**'], expires: 'never' } as const;
  const kept = await tokens.create({ ...common, user: 'carl' });
  const without = readFileSync(at('tokens.json'), 'utf8');
  const guest = await tokens.create({ ...common, user: 'dora' });
  const withGuest = readFileSync(at('tokens.json'), 'utf8');
  return [kept.token, guest.token, (round) => (round % 2 === 0 ? withGuest : without)];
}

beforeAll(async () => {
  const hash = hashSync('word', 4);
  const [kept, guestToken, tokens] = await makeTokens();
  const among = (round: number, guest: string): string => (round % 2 === 0 ? guest : '');
  const rules: Content = (round) =>
    `# ${round}\n[[rules]]\nwho = ["ann", "bob", "carl", "dora", "eve", "fred"]\nallow = "write"\n` +
    among(round, '[[rules]]\nwho = "gus"\nallow = "read"\n');
  const access: Content = (round) =>
    `# ${round}\n[users]\nann = word\ngus = word\n${among(round, 'eve = word\n')}`;
  const htpasswd: Content = (round) => `# ${round}\nbob:${hash}\n${among(round, `fred:${hash}\n`)}`;
  files = [
    { path: at('rules.toml'), content: rules, broken: '[[rules]]\nwho = "ann"\nallow = "evrything"\n' },
    { path: at('access.ini'), content: access, broken: '[users]\nann\n' },
    { path: at('htpasswd'), content: htpasswd, broken: 'bob\n' },
    { path: at('tokens.json'), content: tokens, broken: '{ "version": 1' },
  ];
  for (const { path, content } of files) await writeFile(path, content(0));
  const onProblem = ({ message }: Error): void => void problems.push(message);
  const byToken = await openTokenFile(at('tokens.json'), { onProblem });
  const byAccess = await openAccessFile(at('access.ini'), { onProblem });
  const byHtpasswd = await openHtpasswdFile(at('htpasswd'), { onProblem });
  const { authorize, authorizeUpdate } = await openRulesFile(at('rules.toml'), { onProblem });
  lab = await openLab({
    publicRead: false,
    publicWrite: false,
    authenticate: combineAuthenticators(byToken.authenticate, byAccess.authenticate, byHtpasswd.authenticate),
    authorize,
    authorizeUpdate,
  });
  await makeBareRepository(lab.at('app.git'));
  regulars['access file'] = basic('ann:word');
  regulars['htpasswd file'] = basic('bob:word');
  regulars['token as a password'] = basic(`any:${kept}`);
  regulars['token as Bearer'] = ['Authorization', `Bearer ${kept}`];
  guests['rules'] = basic('gus:word');
  guests['access file'] = basic('eve:word');
  guests['htpasswd file'] = basic('fred:word');
  guests['token'] = ['Authorization', `Bearer ${guestToken}`];
});

afterAll(async () => {
  await lab.close();
  folder.dispose();
});

/** One list of refs; the status. */
async function list(headers: Headers): Promise<number> {
  const { port } = lab.server;
  const path = '/app.git/git-upload-pack';
  const request = { port, method: 'POST', path, headers: [...fetchType, ...headers], body: lsRefs };
  const { status, body, complete } = await rawRequest(request);
  return status === 200 && (!complete || !body.includes('refs/heads/main')) ? 0 : status;
}

/** Pushes a new ref; whether its report says that it is there. */
async function push(headers: Headers, ref: string, oid: string): Promise<string> {
  const { port } = lab.server;
  const path = '/app.git/git-receive-pack';
  const body = rawPush({ ref, oid });
  const answer = await rawRequest({ port, method: 'POST', path, headers: [...pushType, ...headers], body });
  const text = answer.body.toString('latin1');
  return answer.complete && text.includes(`ok ${ref}\n`) ? 'ok' : `${answer.status} ${text}`;
}

/** Writes every state of a file, in turn in one step, by truncation, and after something broken. */
async function rewrite({ path, content, broken }: RewrittenFile): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    if (round % 3 === 0) {
      replaceFile(path, content(round));
    } else {
      if (round % 3 === 1) await writeFile(path, broken);
      await sleep(3);
      await writeFile(path, content(round));
    }
    await sleep(3);
  }
}

it('nobody who keeps their rights is refused or dropped, and the last state is in force', async () => {
  const oid = await refOf(lab.at('app.git'), 'main');
  const bad: string[] = [];
  const rewriting = new AbortController();
  let count = 0;
  const clients = [...Object.entries(regulars), ...Object.entries(regulars)];
  const work = clients.map(async ([name, header], client) => {
    for (let turn = 0; !rewriting.signal.aborted; turn++) {
      const [listed, pushed] = [
        await list([header]),
        await push([header], `refs/heads/load/${client}/${turn}`, oid),
      ];
      if (listed !== 200) bad.push(`${name} listed: ${listed}`);
      if (pushed !== 'ok') bad.push(`${name} pushed: ${pushed}`);
      count += 1;
    }
  });
  // Guests come all the time too; what they get is as it happens, but no failure of the server.
  const others = Object.values(guests).map(async (header) => {
    while (!rewriting.signal.aborted) {
      const status = await list([header]);
      if (![200, 401, 404].includes(status)) bad.push(`a guest: ${status}`);
      await sleep(5);
    }
  });
  await Promise.all(files.map(rewrite)).finally(() => {
    rewriting.abort();
  });
  await Promise.all([...work, ...others]);
  expect(bad).toEqual([]);
  expect(count).toBeGreaterThan(clients.length);
  expect(problems.length).toBeGreaterThan(0);
  const refs = await gitOk(['for-each-ref', '--format=%(refname)', 'refs/heads/load/'], {
    cwd: lab.at('app.git'),
  });
  expect(refs.split('\n')).toHaveLength(count);
  expect(lab.server.events.error).toEqual([]);
  await fsck(lab.at('app.git'));

  for (const round of [rounds, rounds + 1, rounds + 2]) {
    // The first is what the load has left.
    if (round !== rounds) for (const { path, content } of files) replaceFile(path, content(round));
    const statuses: Record<string, number> = {};
    for (const [name, header] of Object.entries(guests)) statuses[name] = await list([header]);
    const isIn = round % 2 === 0;
    const otherwise = { rules: 404, 'access file': 401, 'htpasswd file': 401, token: 401 };
    const inside = { rules: 200, 'access file': 200, 'htpasswd file': 200, token: 200 };
    expect(statuses).toEqual(isIn ? inside : otherwise);
    for (const header of Object.values(regulars)) expect(await list([header])).toBe(200);
  }
});
