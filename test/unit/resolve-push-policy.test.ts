import { expect, test } from 'vitest';
import { OptionError } from '../../src/errors.js';
import type { GitServerOptions } from '../../src/options.js';
import { resolvePushPolicy } from '../../src/resolve-push-policy.js';

const resolved = (options: unknown): ReturnType<typeof resolvePushPolicy> =>
  resolvePushPolicy(options as GitServerOptions, 1_000);
const access = {} as never;

test('without options nothing is bounded, and hooks run', async () => {
  const policy = resolved({});
  expect(policy.ownHooks).toBe(true);
  expect(await policy.limits(access)).toEqual({});
  expect(resolved({ hooks: 'none' }).ownHooks).toBe(false);
});

test.each([
  ['authorizeUpdate', { authorizeUpdate: true }],
  ['preReceive', { preReceive: 'x' }],
  ['postReceive', { postReceive: {} }],
  ['pushLimits', { pushLimits: 5 }],
  ['pushLimits.maxBytes', { pushLimits: { maxBytes: 1 } }],
  ['pushLimits.maxObjectBytes', { pushLimits: { maxObjectBytes: 0 } }],
  ['pushLimits.maxRefUpdates', { pushLimits: { maxRefUpdates: 1.5 } }],
  ['pushLimits.rate', { pushLimits: { rate: 3 } }],
  ['pushLimits.rate.seconds', { pushLimits: { rate: { pushes: 1 } } }],
  ['pushLimits.rate.seconds', { pushLimits: { rate: { pushes: 1, seconds: 2_592_000 } } }],
  ['pushLimits.rate.per', { pushLimits: { rate: { pushes: 1, seconds: 1, per: 'day' } } }],
])('%s is named when it cannot be used', (option, options) => {
  expect(() => resolved(options)).toThrow(OptionError);
  expect(() => resolved(options)).toThrow(`option "${option}"`);
});

test('what a function gives is checked for each push', async () => {
  const given = { maxRefUpdates: 5, maxPushBytes: undefined };
  expect(await resolved({ pushLimits: () => given }).limits(access)).toEqual(given);
  await expect(resolved({ pushLimits: () => ({ maxRefs: 5 }) }).limits(access)).rejects.toThrow(
    'option "pushLimits().maxRefs" is not known',
  );
});
