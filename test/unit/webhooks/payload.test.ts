import { describe, expect, test } from 'vitest';
import { hasChanged, pingPayload, pushPayload } from '../../../src/webhooks/payload.js';
import { oid, pushOf, updated, zeroOid } from './stage.js';

const publicUrl = new URL('https://git.example.org/base/');

function payloadOf(repository: string, update = updated('refs/heads/main'), url?: URL): unknown {
  return JSON.parse(pushPayload(pushOf(repository, update), update, url));
}

describe('the payload of a push', () => {
  test('has the members of the big forges', () => {
    expect(payloadOf('team/web/app.git', undefined, publicUrl)).toEqual({
      ref: 'refs/heads/main',
      before: oid(1),
      after: oid(2),
      base_ref: null,
      created: false,
      deleted: false,
      forced: null,
      compare: '',
      commits: [],
      head_commit: null,
      repository: {
        name: 'app',
        full_name: 'team/web/app',
        owner: { name: 'team/web', login: 'team/web' },
        canonical_name: 'team/web/app.git',
        html_url: 'https://git.example.org/base/team/web/app.git',
        url: 'https://git.example.org/base/team/web/app.git',
        clone_url: 'https://git.example.org/base/team/web/app.git',
      },
      pusher: { name: 'ann' },
      sender: { login: 'ann', type: 'User' },
    });
  });

  test('tells creation and deletion apart, neither of which is forced', () => {
    const created = updated('refs/tags/v1', zeroOid, oid(2));
    expect(payloadOf('a', created)).toMatchObject({
      created: true,
      deleted: false,
      forced: false,
      before: zeroOid,
    });
    const deleted = updated('refs/tags/v1', oid(1), zeroOid);
    expect(payloadOf('a', deleted)).toMatchObject({
      created: false,
      deleted: true,
      forced: false,
      after: zeroOid,
    });
  });

  test('holds no URL where none is configured', () => {
    expect(JSON.stringify(payloadOf('team/app.git'))).not.toContain('http');
  });

  test('escapes a name in a URL, so that it stays one path', () => {
    const payload = payloadOf('a b/ü?#%.git', undefined, publicUrl);
    expect(payload).toMatchObject({
      repository: { name: 'ü?#%', clone_url: 'https://git.example.org/base/a%20b/%C3%BC%3F%23%25.git' },
    });
  });

  test.each([
    ['/srv/git/app.git', 'app'],
    ['/srv/app/.git', 'app'],
    ['/srv/app', 'app'],
  ])('names a repository without a name after its folder: %s', (gitDir, name) => {
    const update = updated('refs/heads/main');
    const event = { ...pushOf('', update), repository: { name: '', gitDir } };
    const payload: unknown = JSON.parse(pushPayload(event, update, publicUrl));
    expect(payload).toMatchObject({
      repository: { name, full_name: name, canonical_name: '', clone_url: publicUrl.href },
    });
  });

  test('calls somebody without a name anonymous', () => {
    const update = updated('refs/heads/main');
    const payload: unknown = JSON.parse(
      pushPayload({ ...pushOf('a', update), user: undefined }, update, undefined),
    );
    expect(payload).toMatchObject({ pusher: { name: 'anonymous' } });
  });
});

test('what has not changed is what was refused, what is not known, and what is as it was', () => {
  const update = updated('refs/heads/main');
  expect(hasChanged(update)).toBe(true);
  expect(hasChanged({ ...update, result: { status: 'rejected', reason: 'no' } })).toBe(false);
  expect(hasChanged({ ...update, result: { status: 'unknown' } })).toBe(false);
  expect(hasChanged(updated('refs/heads/main', oid(1), oid(1)))).toBe(false);
});

test('the payload of a ping says which webhook it is for', () => {
  expect(JSON.parse(pingPayload('ci'))).toMatchObject({ hook: { name: 'ci', events: ['push'] } });
});
