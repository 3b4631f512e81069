import { afterEach, expect, test, vi } from 'vitest';
import { queueFolder } from '../../../src/cli/webhooks.js';
import { isReservedPath } from '../../../src/repository/reserved.js';

afterEach(() => vi.unstubAllEnvs());

test('in the folder of a service, which is the served one with our unit, the queue can be no repository of anybody', () => {
  vi.stubEnv('STATE_DIRECTORY', '/var/lib/gittyphoon:/var/lib/other');
  expect(isReservedPath(queueFolder({}), '/var/lib/gittyphoon')).toBe(true);
  expect(queueFolder({ webhookQueue: '/elsewhere' })).toBe('/elsewhere');
});
