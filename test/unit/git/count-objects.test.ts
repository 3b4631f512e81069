import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countObjects, storedBytes } from '../../../src/git/count-objects.js';
import { commitRandom, gitOk, makeTempDir, makeWorkTree } from '../../support/fixtures.js';

it('counts packs, loose objects and what was left behind, and no objects twice', async () => {
  const folder = makeTempDir();
  try {
    const work = await makeWorkTree(join(folder.path, 'work'));
    const count = async (): Promise<number> => storedBytes(await gitOk([...countObjects], { cwd: work }));
    await commitRandom(work, 'packed', 300 * 1024);
    await gitOk(['repack', '-q', '-a', '-d'], { cwd: work });
    const packed = await count();
    expect(packed).toBeGreaterThanOrEqual(300 * 1024);
    await commitRandom(work, 'loose', 200 * 1024);
    const both = await count();
    expect(both - packed).toBeGreaterThanOrEqual(200 * 1024);
    const packs = join(work, '.git', 'objects', 'pack');
    mkdirSync(packs, { recursive: true });
    writeFileSync(join(packs, 'tmp_pack_left'), Buffer.alloc(100 * 1024));
    expect((await count()) - both).toBe(100 * 1024);
  } finally {
    folder.dispose();
  }
});
