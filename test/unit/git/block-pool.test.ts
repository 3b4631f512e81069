import { describe, expect, test } from 'vitest';
import { BlockPool } from '../../../src/git/block-pool.js';

describe('a pool of blocks', () => {
  test('gives a block again once its chunk came back, whichever part of it that was', () => {
    const pool = new BlockPool();
    const block = pool.take();
    expect(block.length).toBe(128 * 1024);
    expect(pool.take().buffer).not.toBe(block.buffer);
    pool.recycle(block.subarray(10, 20));
    const again = pool.take();
    expect(again.buffer).toBe(block.buffer);
    expect([again.byteOffset, again.length]).toEqual([0, block.length]);
  });

  test('keeps three at most', () => {
    const pool = new BlockPool();
    const blocks = Array.from({ length: 5 }, () => pool.take());
    for (const block of blocks) pool.recycle(block);
    const taken = Array.from({ length: 5 }, () => pool.take().buffer);
    expect(blocks.filter((block) => taken.includes(block.buffer))).toHaveLength(3);
    expect(new Set(taken).size).toBe(5);
  });

  test('takes nothing that is not its own size, such as a piece of the buffer that Node.js shares', () => {
    const pool = new BlockPool();
    const strange = [Buffer.from('abc'), Buffer.alloc(0), Buffer.allocUnsafeSlow(64 * 1024)];
    for (const chunk of strange) pool.recycle(chunk);
    const { buffer } = pool.take();
    expect(strange.map((chunk) => chunk.buffer)).not.toContain(buffer);
    expect(buffer.byteLength).toBe(128 * 1024);
  });
});
