import { assert, constantFrom, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCredentials } from '../../../src/access/credentials.js';
import { hashToken, isTokenId, makeToken, tokenId } from '../../../src/access/tokens-text.js';

describe('a token', () => {
  const { id, token } = makeToken();

  it('holds its id, and letters and digits alone after its prefix', () => {
    expect(token).toMatch(/^gtt_[0-9A-Za-z]{59}$/);
    expect(isTokenId(id)).toBe(true);
    expect(tokenId(token)).toBe(id);
  });

  it('is never made twice', () => {
    const made = Array.from({ length: 200 }, () => makeToken());
    expect(new Set(made.map((each) => each.id)).size).toBe(200);
    expect(new Set(made.map((each) => each.token.slice(14))).size).toBe(200);
  });

  it('passes through both kinds of Authorization header as it is', () => {
    const basic = Buffer.from(`any:${token}`).toString('base64');
    expect(parseCredentials(`Bearer ${token}`)).toEqual({ scheme: 'bearer', token });
    expect(parseCredentials(`Basic ${basic}`)).toMatchObject({ password: token });
  });

  it('is recognised as damaged when any one of its characters is another', () => {
    const characters = '0123456789ABCXYZabcxyz_-'.split('');
    assert(
      property(nat(token.length - 1), constantFrom(...characters), (at, character) => {
        const damaged = token.slice(0, at) + character + token.slice(at + 1);
        expect(tokenId(damaged)).toBe(damaged === token ? id : undefined);
      }),
    );
  });

  it.each([
    ['too short', token.slice(0, -1)],
    ['too long', `${token}0`],
    ['with a space', ` ${token}`],
    ['with a line end', `${token}\n`],
    ['the prefix alone', 'gtt_'],
    ['nothing', ''],
  ])('is not recognised when it is %s', (_what, text) => {
    expect(tokenId(text)).toBeUndefined();
  });

  it('is hashed as a whole', () => {
    expect(hashToken(token)).toHaveLength(32);
    expect(hashToken(token).equals(hashToken(`${token}0`))).toBe(false);
  });
});
