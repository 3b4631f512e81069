import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Configuration } from '../../../src/cli/configuration/configuration.js';
import type { SettingName } from '../../../src/cli/configuration/settings.js';
import { requestIdReader } from '../../../src/cli/observation/observe.js';

const configurationOf = (values: Partial<Record<SettingName, unknown>>): Configuration =>
  new Configuration(
    new Map(
      Object.entries(values).map(([name, value]) => [
        name as SettingName,
        { value, source: { from: 'file', file: 'settings.toml', line: 1 } },
      ]),
    ),
  );

const from = (remoteAddress: string, id: string | string[]): IncomingMessage =>
  ({ headers: { 'x-request-id': id }, socket: { remoteAddress } }) as unknown as IncomingMessage;

describe('the id of a request', () => {
  it('is what a trusted proxy says, and nobody else', () => {
    const read = requestIdReader(
      configurationOf({
        'log.request-id-header': 'X-Request-Id',
        'access.trusted-proxies': ['192.0.2.0/24'],
      }),
    );
    expect(read?.(from('192.0.2.7', 'a-1'))).toBe('a-1');
    expect(read?.(from('::ffff:192.0.2.7', 'a-2'))).toBe('a-2');
    expect(read?.(from('198.51.100.1', 'a-3'))).toBeUndefined();
    expect(read?.(from('192.0.2.7', ['a-4', 'a-5']))).toBeUndefined();
  });

  it('is read from no header that is not named', () => {
    expect(requestIdReader(configurationOf({}))).toBeUndefined();
  });

  it('cannot be taken from a header when nobody is trusted', () => {
    const configuration = configurationOf({ 'log.request-id-header': 'X-Request-Id' });
    expect(() => requestIdReader(configuration)).toThrow(
      'settings.toml:1: log.request-id-header: needs access.trusted-proxies',
    );
  });
});
