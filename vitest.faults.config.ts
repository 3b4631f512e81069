import { defineConfig } from 'vitest/config';

/** `npm run test:faults`: see test/faults/run.mjs. */
export default defineConfig({
  test: {
    include: ['test/faults/faults.test.ts'],
    // A fault is caused many times within one test; what must happen soon has bounds of its own.
    testTimeout: 6 * 3_600_000,
    hookTimeout: 600_000,
    // Faults have a server and a folder each. Most of their time they wait.
    maxConcurrency: 3,
    env: { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
  },
});
