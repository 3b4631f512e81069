/** The examples of the documentation are used as they stand there. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { accessActions, openRulesFile, type AccessAction, type RulesFile } from '../../src/access/index.js';
import { makeTempDir } from '../support/fixtures.js';

const guide = readFileSync(fileURLToPath(new URL('../../docs/access.md', import.meta.url)), 'utf8');
const blocks = [...guide.matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

async function open(text: string): Promise<RulesFile> {
  const folder = makeTempDir();
  try {
    const file = join(folder.path, 'rules.toml');
    await writeFile(file, text);
    return await openRulesFile(file, { visibilityOf: () => undefined });
  } finally {
    folder.dispose();
  }
}

async function example(title: string): Promise<RulesFile> {
  const text = blocks.find((block) => block.startsWith(`# ${title}\n`));
  if (text === undefined) throw new Error(`the example "${title}" is missing`);
  return open(text);
}

/** What a user may do to a ref, by first letters; force-push is `f`. */
function rights(rules: RulesFile, user: string, repository: string, ref: string, groups?: string[]): string {
  const may = (action: AccessAction): boolean =>
    rules.explain({ user: user === '' ? undefined : user, groups, repository, ref, action }).allowed;
  return accessActions.map((action) => (action !== 'write' && may(action) ? action.charAt(0) : '')).join('');
}

test('every piece of a rules file in the guide can be used', async () => {
  expect(blocks.length).toBeGreaterThan(4);
  for (const block of blocks) await expect(open(block)).resolves.toBeDefined();
});

describe('the small team', () => {
  test.each([
    ['ann', 'app', 'main', 'rcu'],
    ['ann', 'app', 'topic', 'rcufd'],
    ['ann', 'app', 'tags/v1', 'rcufd'],
    ['bob', 'app', 'main', 'r'],
    ['bob', 'app', 'topic', 'rcufd'],
    ['bob', 'app', 'tags/v1', 'r'],
    ['eve', 'app', 'topic', ''],
    ['', 'app', 'topic', ''],
  ])('%s, %s, %s: %s', async (user, repository, ref, expected) => {
    expect(rights(await example('A small team'), user, repository, ref)).toBe(expected);
  });
});

describe('the open source project', () => {
  test.each([
    ['', 'app', 'main', 'r'],
    ['', 'security/fix', 'main', ''],
    ['eve', 'app', 'contrib/eve', 'rcufd'],
    ['eve', 'app', 'main', 'r'],
    ['eve', 'app', 'tags/v1', 'r'],
    ['eve', 'security/fix', 'contrib/x', ''],
    ['bob', 'app', 'main', 'rcu'],
    ['bob', 'security/fix', 'main', ''],
    ['rita', 'app', 'tags/v1', 'rcufd'],
    ['rita', 'app', 'tags/other', 'r'],
    ['rita', 'security/fix.git', 'main', 'rcufd'],
  ])('%s, %s, %s: %s', async (user, repository, ref, expected) => {
    expect(rights(await example('An open source project'), user, repository, ref)).toBe(expected);
  });
});

describe('the CI farm', () => {
  test.each([
    ['job', ['builders'], 'src/app', 'refs/ci/1', 'rc'],
    ['job', ['builders'], 'src/app', 'tags/build-1', 'rc'],
    ['job', ['builders'], 'src/app', 'main', 'r'],
    ['job', ['builders'], 'deploy/web', 'production', ''],
    ['job', ['deployers'], 'deploy/web', 'production', 'ru'],
    ['job', ['deployers'], 'src/app', 'refs/ci/1', 'r'],
    ['job', [], 'src/app', 'refs/ci/1', 'r'],
    ['ann', [], 'src/app', 'main', 'rcufd'],
    ['', [], 'src/app', 'main', ''],
  ])('%s of %j, %s, %s: %s', async (user, groups, repository, ref, expected) => {
    expect(rights(await example('A CI farm'), user, repository, ref, groups)).toBe(expected);
  });
});
