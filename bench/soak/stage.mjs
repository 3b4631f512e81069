// What a soak works on: repositories of several shapes, a place for clients, and git.
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Users of the access file: one may push to what `pushed` names, the other nowhere. */
export const writer = 'writer:soak';
export const reader = 'reader:soak';

const large = 'large.git';
/** Files of 1 MB, so that a clone lasts long enough to be broken off. */
const largeFiles = 40;

/** Runs git as a client does; fails with what it said. */
async function git(home, cwd, args) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'soak',
    GIT_AUTHOR_EMAIL: 'soak@example.org',
    GIT_COMMITTER_NAME: 'soak',
    GIT_COMMITTER_EMAIL: 'soak@example.org',
  };
  const { stdout } = await run('git', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** Makes everything below a new temporary folder. */
export async function makeStage() {
  const folder = mkdtempSync(join(tmpdir(), 'gittyphoon-soak-'));
  const at = (...parts) => join(folder, ...parts);
  const [repositories, clients, temporary] = ['repositories', 'clients', 'temporary'].map((name) => at(name));
  for (const place of [repositories, clients, temporary]) mkdirSync(place);
  const gitIn = (cwd, ...args) => git(folder, cwd, args);

  async function makeRepository(name, fill) {
    const tree = at('tree');
    await gitIn(folder, 'init', '-q', '-b', 'main', tree);
    await fill(tree);
    const bare = join(repositories, name);
    await gitIn(folder, 'clone', '-q', '--bare', tree, bare);
    await gitIn(bare, 'config', 'uploadpack.allowFilter', 'true');
    await gitIn(bare, 'config', 'core.bigFileThreshold', '512k');
    rmSync(tree, { recursive: true });
  }

  /** A history in which each commit changes a file. */
  async function history(tree, commits) {
    for (let i = 0; i < commits; i += 1) {
      appendFileSync(join(tree, `file-${i % 10}`), `line ${i} of ${tree}\n`.repeat(20));
      await gitIn(tree, 'add', '.');
      await gitIn(tree, 'commit', '-qm', `commit ${i}`);
    }
  }

  const small = Array.from({ length: 6 }, (_, i) => `small-${i}.git`);
  const pushed = Array.from({ length: 4 }, (_, i) => `pushed-${i}.git`);
  for (const name of [...small, ...pushed]) await makeRepository(name, (tree) => history(tree, 30));
  await makeRepository('many-refs.git', async (tree) => {
    await history(tree, 5);
    const tip = await gitIn(tree, 'rev-parse', 'HEAD');
    // As git writes them: in order. Two thousand times "git tag" would take minutes.
    const names = Array.from({ length: 2_000 }, (_, i) => `refs/tags/release-${i}`).sort();
    const lines = names.map((ref) => `${tip} ${ref}\n`).join('');
    writeFileSync(
      join(tree, '.git', 'packed-refs'),
      `# pack-refs with: peeled fully-peeled sorted \n${lines}`,
    );
  });
  await makeRepository(large, async (tree) => {
    await gitIn(tree, 'config', 'core.compression', '0');
    const bytes = Buffer.alloc(1_000_000);
    for (let i = 0; i < largeFiles; i += 1) writeFileSync(join(tree, `random-${i}`), randomFillSync(bytes));
    await history(tree, 3);
  });
  writeFileSync(
    at('access.ini'),
    `[users]\n${writer.replace(':', ' = ')}\n${reader.replace(':', ' = ')}\n[access]\nwriter = ${pushed.join(', ')}\n`,
  );

  const facts = new Map();
  for (const name of [...small, ...pushed, 'many-refs.git', large]) {
    const bare = join(repositories, name);
    const [tip, parent, blob] = (await gitIn(bare, 'rev-parse', 'main', 'main~1', 'main:file-0')).split('\n');
    facts.set(name, { name, tip, parent, blob, refs: await refsOf(bare) });
  }

  /** The refs of a repository or clone, as one text. */
  function refsOf(bare) {
    return gitIn(bare, 'for-each-ref', '--format=%(objectname) %(refname)');
  }

  let count = 0;
  return {
    repositories,
    clients,
    temporary,
    accessFile: at('access.ini'),
    read: [...small, 'many-refs.git'].map((name) => facts.get(name)),
    pushed: pushed.map((name) => facts.get(name)),
    large: facts.get(large),
    all: [...facts.keys()],
    git: gitIn,
    refsOf,
    /** A path for a clone that nobody else uses. */
    fresh: () => join(clients, String((count += 1))),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
