/** The same repositories twice: one copy is served by us, the other by `git http-backend` as a CGI program. */
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gitOk, makeBareRepository, makeTempDir, makeWorkTree } from '../../support/fixtures.js';
import { startCgiHost } from '../../support/cgi-host.js';
import { startServer } from '../../support/server.js';

/** What the corpus has to know of the repositories. */
export interface Facts {
  readonly main: string;
  readonly parent: string;
  readonly tag: string;
  readonly blob: string;
  readonly loose: string;
  readonly pack: string;
  readonly sha256Main: string;
  readonly sha256Loose: string;
  /** A pack with one commit on top of main, its id, and a pack that is damaged. */
  readonly child: string;
  readonly childPack: Buffer;
}

export interface Side {
  readonly root: string;
  /** Ports by who asks. */
  readonly anonymous: number;
  readonly user: number;
}

export interface DifferentialStage {
  readonly facts: Facts;
  readonly ours: Side;
  readonly reference: Side;
  close(): Promise<void>;
}

async function makeRepositories(root: string): Promise<Facts> {
  const at = (name: string): string => join(root, name);
  await makeBareRepository(at('app.git'), { commits: 4 });
  await gitOk(['gc', '-q'], { cwd: at('app.git') });
  await gitOk(['update-ref', 'refs/secret/one', 'main'], { cwd: at('app.git') });
  await gitOk(['config', 'transfer.hideRefs', 'refs/secret'], { cwd: at('app.git') });
  await gitOk(['config', 'uploadpack.allowFilter', 'true'], { cwd: at('app.git') });
  const loose = await gitOk(['hash-object', '-w', '--stdin'], { cwd: at('app.git'), input: 'loose\n' });
  await makeBareRepository(at('empty.git'), { commits: 0 });
  await makeBareRepository(at('sha256.git'), { objectFormat: 'sha256' });
  await makeBareRepository(at('detached.git'));
  const parent = await gitOk(['rev-parse', 'main~1'], { cwd: at('detached.git') });
  await gitOk(['update-ref', '--no-deref', 'HEAD', parent], { cwd: at('detached.git') });
  await makeBareRepository(at('closed.git'), { commits: 1 });
  for (const key of ['uploadpack', 'receivepack', 'getanyfile', 'uploadarchive']) {
    await gitOk(['config', `http.${key}`, 'false'], { cwd: at('closed.git') });
  }
  await makeWorkTree(at('tree'));
  await makeWorkTree(at('tree/inner'));
  await makeBareRepository(at('team/deep.git'), { commits: 1 });
  writeFileSync(at('app.git/objects/info/alternates'), '');
  const cwd = at('app.git');
  const tree = await gitOk(['rev-parse', 'main^{tree}'], { cwd });
  const main = await gitOk(['rev-parse', 'main'], { cwd });
  const sha256Loose = await gitOk(['rev-parse', 'main'], { cwd: at('sha256.git') });
  return {
    main,
    parent: await gitOk(['rev-parse', 'main~1'], { cwd }),
    tag: await gitOk(['rev-parse', 'v1'], { cwd }),
    blob: await gitOk(['rev-parse', 'main:file-1'], { cwd }),
    loose,
    pack: readdirSync(join(cwd, 'objects/pack')).find((name) => name.endsWith('.pack')) ?? '',
    sha256Main: sha256Loose,
    sha256Loose,
    ...(await makeChild(join(root, 'app.git'), main, tree)),
  };
}

/** A commit that neither copy has, and the pack that brings it. */
async function makeChild(
  repository: string,
  main: string,
  tree: string,
): Promise<Pick<Facts, 'child' | 'childPack'>> {
  const scratch = makeTempDir();
  try {
    await gitOk(['clone', '-q', '--bare', repository, scratch.path]);
    const child = await gitOk(['commit-tree', '-p', main, '-m', 'child', tree], { cwd: scratch.path });
    const encoded = await gitOk(['-c', 'alias.pack=!git pack-objects --stdout -q | base64 -w0', 'pack'], {
      cwd: scratch.path,
      input: `${child}\n`,
    });
    return { child, childPack: Buffer.from(encoded, 'base64') };
  } finally {
    scratch.dispose();
  }
}

export async function openStage(): Promise<DifferentialStage> {
  const folder = makeTempDir();
  const roots = { ours: join(folder.path, 'ours'), reference: join(folder.path, 'them') };
  const facts = await makeRepositories(roots.ours);
  // Times are kept: Last-Modified is part of the comparison.
  cpSync(roots.ours, roots.reference, { recursive: true, preserveTimestamps: true });
  const anonymous = await startServer({ repositories: roots.ours });
  const user = await startServer({
    repositories: roots.ours,
    authenticate: () => ({ name: 'ann' }),
    authorize: () => true,
  });
  const cgi = await startCgiHost({ root: roots.reference });
  const cgiUser = await startCgiHost({ root: roots.reference, remoteUser: 'ann' });
  return {
    facts,
    ours: { root: roots.ours, anonymous: anonymous.port, user: user.port },
    reference: { root: roots.reference, anonymous: cgi.port, user: cgiUser.port },
    async close() {
      await Promise.all([anonymous.close(), user.close(), cgi.close(), cgiUser.close()]);
      folder.dispose();
    },
  };
}
