/** What the cases of the contract share: repositories, a large working tree, and gits that can be held up. */
import { chmod, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { git, makePlayground, makeRepository, type Playground } from '../client.js';

export interface Stage extends Playground {
  /** A working tree of 30 MB that has no origin. */
  readonly large: string;
  /** An empty bare repository that nobody else uses; returns its name. */
  emptyRepository(): Promise<string>;
  /**
   * A hook for `uploadpack.packObjectsHook`: it sends the first part of a pack, or nothing, and then waits until it
   * is told to go on.
   */
  heldPack(beforeHold: 'nothing' | 'a part'): Promise<HeldPack>;
}

export interface HeldPack {
  readonly script: string;
  /** The process ids of the hook and of upload-pack above it, once they run. */
  pids(): readonly number[];
  release(): Promise<void>;
}

export async function makeStage(): Promise<Stage> {
  const playground = await makePlayground();
  const { repositories, fresh } = playground;
  await makeRepository(repositories, 'app.git');
  await makeRepository(repositories, 'big.git', 6_000_000);
  const large = await playground.checkout('unused', 30_000_000);
  await git(['remote', 'remove', 'origin'], { cwd: large });
  // Trying to compress random bytes, and to find likeness among them, would be most of the time that the tests take.
  await git(['config', 'core.compression', '0'], { cwd: large });
  await git(['config', 'pack.window', '0'], { cwd: large });
  let count = 0;
  return {
    ...playground,
    large,
    async emptyRepository() {
      const name = `empty-${(count += 1)}.git`;
      await git(['init', '--quiet', '--bare', '--initial-branch=main', name], { cwd: repositories });
      return name;
    },
    async heldPack(beforeHold) {
      const script = fresh();
      const wait = `until [ -e '${script}.go' ]; do sleep 0.05; done`;
      const body =
        beforeHold === 'nothing' ? `${wait}\nexec "$@"` : `"$@" | { head -c 1000000; ${wait}; cat; }`;
      await writeFile(script, `#!/bin/sh\necho "$$ $PPID" >'${script}.pids'\n${body}\n`);
      await chmod(script, 0o755);
      return {
        script,
        pids: () => {
          if (!existsSync(`${script}.pids`)) return [];
          return readFileSync(`${script}.pids`, 'utf8').split(/\s+/).filter(Boolean).map(Number);
        },
        release: () => writeFile(`${script}.go`, ''),
      };
    },
  };
}

/** Whether a process runs. One that has ended and waits for its parent to notice does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'));
}

/** Whether any process is left in a process group. */
export function isGroupRunning(pgid: number): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      // The fields after the name: state, parent, process group.
      const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return state !== 'Z' && Number(group) === pgid;
    } catch {
      return false;
    }
  });
}
