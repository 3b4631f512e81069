import { describe, expect, test } from 'vitest';
import { negotiateProtocol } from '../../../src/protocol/git-protocol.js';

const absent = { version: 0, environment: undefined };

describe('the Git-Protocol header', () => {
  test('may be missing, which means version 0', () => {
    expect(negotiateProtocol(undefined)).toEqual(absent);
  });

  test.each([
    ['version=0', 0],
    ['version=1', 1],
    ['version=2', 2],
    ['version=1:version=2', 2],
    ['version=2:version=1', 2],
    ['version=0:version=1:version=0', 1],
    ['version=3', 0],
    ['version=22', 0],
    ['version=02', 0],
    ['version=3:version=1', 1],
    ['version', 0],
    ['foo:bar=1:version=2', 2],
  ] as const)('%s asks for version %i and is handed on as it is', (header, version) => {
    expect(negotiateProtocol(header)).toEqual({ version, environment: header });
  });

  test.each([
    '',
    ':',
    'version=',
    '=2',
    'version=2:',
    ':version=2',
    'version=2::version=1',
    'version==2',
    'Version=2',
    'version=2 ',
    ' version=2',
    'version=2\n',
    'version=2\r\nX: y',
    'version=2\0',
    'version=2;rm',
    'version=$(id)',
    'version=2, version=2',
    'version=-2',
    'versión=2',
    'ｖersion=2',
  ])('%j does not fit and counts as missing, so that nothing of it reaches a process', (header) => {
    expect(negotiateProtocol(header)).toEqual(absent);
  });

  test('counts as missing beyond 256 characters', () => {
    const longest = `version=2:${'a'.repeat(246)}`;
    expect(negotiateProtocol(longest)).toEqual({ version: 2, environment: longest });
    expect(negotiateProtocol(`${longest}a`)).toEqual(absent);
  });

  test('is refused without delay when it nearly fits', () => {
    expect(negotiateProtocol(`${'a=a:'.repeat(63)}!`)).toEqual(absent);
  });

  test('is held down to the highest version that the server speaks', () => {
    expect(negotiateProtocol('version=2', 1)).toEqual(absent);
    expect(negotiateProtocol('version=2:version=1', 1)).toEqual({ version: 1, environment: 'version=1' });
    expect(negotiateProtocol('version=1:x=y:version=2', 0)).toEqual({ version: 0, environment: 'x=y' });
    expect(negotiateProtocol('version=2', 0)).toEqual(absent);
  });
});
