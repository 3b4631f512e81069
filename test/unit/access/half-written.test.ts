/**
 * Every file of users, tokens or rights, caught while a program that writes in place is about it: nobody is shut out, and
 * nothing is opened that the whole file does not open.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  openAccessFile,
  openHtpasswdFile,
  openRulesFile,
  openTokenFile,
  type Authenticate,
} from '../../../src/access/index.js';
import type { Credentials } from '../../../src/index.js';
import { makeTempDir, replaceFile } from '../../support/fixtures.js';
import { eventually } from '../../support/server.js';
import { basic, contextOf } from './contexts.js';
import { mayAccess } from './rules-questions.js';

const folder = makeTempDir();
afterAll(() => folder.dispose());
let count = 0;

interface OpenFile {
  readonly path: string;
  readonly whole: string;
  /** The beginning of it, which can be used by itself unless the format rules that out. */
  readonly half: string;
  /** Less than half, and all that is wanted: nobody has rights any more. */
  readonly nobody: string;
  /** Whether those have their rights whom the whole file gives some. */
  readonly isWhole: () => Promise<boolean>;
  /** Whether anybody gets in whom only half a file lets in. */
  readonly isOpened: () => Promise<boolean>;
  readonly problems: readonly string[];
}

const passes = async (authenticate: Authenticate, credentials: Credentials): Promise<boolean> =>
  Boolean(await authenticate(contextOf({ credentials })));

type Open = (path: string, problems: string[]) => Promise<Omit<OpenFile, 'path' | 'problems'>>;

const openers = {
  async accessFile(path, problems) {
    const whole = '[users]\nann = one\nbob = a horse and a battery\n';
    writeFileSync(path, whole);
    const { authenticate } = await openAccessFile(path, {
      onProblem: ({ message }) => problems.push(message),
    });
    return {
      whole,
      half: whole.slice(0, whole.indexOf(' and')),
      nobody: '[users]\n',
      isWhole: () => passes(authenticate, basic('bob', 'a horse and a battery')),
      isOpened: () => passes(authenticate, basic('bob', 'a horse')),
    };
  },
  async htpasswdFile(path, problems) {
    const line = `ann:${hashSync('one', 4)}\n`;
    const whole = `${line}bob:${hashSync('two', 4)}\n`;
    writeFileSync(path, whole);
    const { authenticate } = await openHtpasswdFile(path, {
      onProblem: ({ message }) => problems.push(message),
    });
    return {
      whole,
      half: line,
      nobody: '',
      isWhole: () => passes(authenticate, basic('bob', 'two')),
      isOpened: () => passes(authenticate, basic('ann', 'two')),
    };
  },
  async rulesFile(path, problems) {
    const whole = '[[rules]]\nwho = "*"\nallow = "all"\nrepositories = "app"\n';
    writeFileSync(path, whole);
    const rules = await openRulesFile(path, { onProblem: ({ message }) => problems.push(message) });
    return {
      whole,
      half: whole.slice(0, whole.indexOf('repositories')),
      nobody: 'rules = []\n',
      isWhole: () => mayAccess(rules, { name: 'ann' }, 'app', 'write'),
      isOpened: () => mayAccess(rules, { name: 'ann' }, 'secret', 'write'),
    };
  },
  async tokenFile(path, problems) {
    const tokens = await openTokenFile(path, { onProblem: ({ message }) => problems.push(message) });
    const wanted = { user: 'ann', scope: 'read', repositories: ['app'], expires: 'never' } as const;
    const { token } = await tokens.create(wanted);
    const whole = readFileSync(path, 'utf8');
    const isWhole = (): Promise<boolean> => passes(tokens.authenticate, { scheme: 'bearer', token });
    // Now it has been read.
    await isWhole();
    return {
      whole,
      half: whole.slice(0, whole.length / 2),
      nobody: '{ "version": 1, "tokens": [] }',
      isWhole,
      isOpened: () => passes(tokens.authenticate, { scheme: 'bearer', token: token.slice(0, -1) }),
    };
  },
} satisfies Record<string, Open>;

async function openFile(kind: keyof typeof openers): Promise<OpenFile> {
  const path = join(folder.path, `file-${(count += 1)}`);
  const problems: string[] = [];
  return { path, problems, ...(await openers[kind](path, problems)) };
}

const kinds = Object.keys(openers) as (keyof typeof openers)[];

describe.each(kinds)('of %s', (kind) => {
  it('what is there for a moment while it is rewritten counts for nothing', async () => {
    const { path, whole, half, isWhole, isOpened, problems } = await openFile(kind);
    writeFileSync(path, '');
    expect(await isWhole()).toBe(true);
    expect(problems).toEqual([]);
    for (const moment of [half, whole.slice(0, 1), half]) {
      writeFileSync(path, moment);
      expect(await isWhole()).toBe(true);
      expect(await isOpened()).toBe(false);
    }
    writeFileSync(path, whole);
    expect(await isWhole()).toBe(true);
  });

  it('what is put in its place in one step, and what is added to it, counts at once', async () => {
    const { path, whole, nobody, isWhole } = await openFile(kind);
    // The number of the old file may be given to the one after the next.
    for (const content of ['[', nobody === '' ? '# Nobody\n' : nobody]) {
      replaceFile(path, content);
      expect(await isWhole()).toBe(content === '[');
    }
    writeFileSync(path, whole);
    expect(await isWhole()).toBe(true);
  });
});

it('a file that was made shorter in place counts once it is left alone for two seconds', async () => {
  const files = await Promise.all(kinds.map(openFile));
  for (const { path, nobody } of files) writeFileSync(path, nobody);
  for (const { isWhole } of files) expect(await isWhole()).toBe(true);
  for (const { path, isWhole } of files) await eventually(path, async () => !(await isWhole()));
});

it('an empty file that cannot be used is told of once it is left alone', async () => {
  const files = await Promise.all((['accessFile', 'rulesFile', 'tokenFile'] as const).map(openFile));
  for (const { path } of files) writeFileSync(path, '');
  for (const { path, isWhole, problems } of files) {
    await eventually(path, async () => (await isWhole()) && problems.length > 0);
    expect(problems).toHaveLength(1);
    expect(await isWhole()).toBe(true);
  }
});
