import { expect, test } from 'vitest';
import { Configuration } from '../../../src/cli/configuration/configuration.js';
import type { SettingName } from '../../../src/cli/configuration/settings.js';
import { ServedThrottle } from '../../../src/cli/served-throttle.js';
import type { Authenticate } from '../../../src/access/index.js';
import { basic, contextOf } from '../access/contexts.js';

function configurationOf(values: Partial<Record<SettingName, unknown>>): Configuration {
  const source = { from: 'file', file: 'g.toml', line: 1 } as const;
  return new Configuration(
    new Map(Object.entries(values).map(([name, value]) => [name as SettingName, { value, source }])),
  );
}

const strict = { 'access.throttle.max-failures-per-user': 1, 'access.throttle.delay': 0 } as const;
const nobody: Authenticate = () => undefined;
const everybody: Authenticate = () => ({ name: 'ann' });

/** A login from elsewhere; every request is one of its own. */
const login = (authenticate: Authenticate): unknown =>
  authenticate(contextOf({ credentials: basic('ann', 'x'), remoteAddress: '192.0.2.1' }));

test('whoever has failed too often stays shut out when the configuration is read again', async () => {
  const first = ServedThrottle.for(configurationOf(strict), undefined);
  expect(await login(first.around(nobody))).toBeUndefined();
  const second = ServedThrottle.for(configurationOf({ ...strict, 'access.realm': 'Other' }), first);
  await expect(login(second.around(everybody))).rejects.toMatchObject({ code: 'ERR_TOO_MANY_ATTEMPTS' });
});

test('other bounds count anew', async () => {
  const first = ServedThrottle.for(configurationOf(strict), undefined);
  expect(await login(first.around(nobody))).toBeUndefined();
  const looser = { ...strict, 'access.throttle.max-failures-per-user': 2 };
  const second = ServedThrottle.for(configurationOf(looser), first);
  expect(await login(second.around(everybody))).toEqual({ name: 'ann' });
});

test('each request is answered by whom it was brought to', async () => {
  const throttle = ServedThrottle.for(configurationOf(strict), undefined);
  const [earlier, later] = [throttle.around(everybody), throttle.around(() => ({ name: 'bob' }))];
  expect(await Promise.all([login(earlier), login(later)])).toEqual([{ name: 'ann' }, { name: 'bob' }]);
});

test('a bound that cannot be is told of its own setting', () => {
  const wrong = configurationOf({ 'access.throttle.max-delay': 120_000 });
  expect(() => ServedThrottle.for(wrong, undefined)).toThrow(
    /^g\.toml:1: access\.throttle\.max-delay: must be/,
  );
  const elsewhere = configurationOf({ 'access.throttle.shared-addresses': ['x'] });
  expect(() => ServedThrottle.for(elsewhere, undefined)).toThrow(
    /access\.throttle\.shared-addresses: must hold/,
  );
});
