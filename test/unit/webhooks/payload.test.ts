import { describe, expect, test } from 'vitest';
import { factsWithoutGit } from '../../../src/webhooks/describe.js';
import { pingPayload, pushPayload, type ChangeFacts } from '../../../src/webhooks/payload.js';
import { commitOf, oid, pushOf, updated, zeroOid } from './stage.js';

const publicUrl = new URL('https://git.example.org/base/');

const forward: ChangeFacts = {
  isForced: false,
  history: { head: commitOf(2), commits: [commitOf(1), commitOf(2)], isTruncated: false },
};

function payloadOf(
  repository: string,
  update = updated('refs/heads/main'),
  url?: URL,
  facts = factsWithoutGit(update),
): unknown {
  return JSON.parse(pushPayload(pushOf(repository, update), update, facts, url));
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
      truncated: true,
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

  test('names the commits with what receivers look at', () => {
    const odd = commitOf(2, { isDistinct: false, added: ['a'], removed: ['b'], modified: ['c d'] });
    const facts = {
      isForced: true,
      history: { head: odd, commits: [commitOf(1), odd], isTruncated: false },
    };
    const head = {
      id: oid(2),
      tree_id: oid(102),
      distinct: false,
      message: 'commit 2',
      timestamp: '2026-02-03T04:05:06+07:00',
      url: `https://git.example.org/base/team/app.git/commit/${oid(2)}`,
      author: { name: 'Ann', email: 'ann@example.org' },
      committer: { name: 'Bob', email: 'bob@example.org' },
      added: ['a'],
      removed: ['b'],
      modified: ['c d'],
    };
    expect(payloadOf('team/app.git', undefined, publicUrl, facts)).toMatchObject({
      forced: true,
      head_commit: head,
      commits: [{ id: oid(1), distinct: true, added: [] }, head],
      truncated: false,
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
    expect(JSON.stringify(payloadOf('team/app.git', undefined, undefined, forward))).not.toContain('http');
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
    const payload: unknown = JSON.parse(pushPayload(event, update, forward, publicUrl));
    expect(payload).toMatchObject({
      repository: { name, full_name: name, canonical_name: '', clone_url: publicUrl.href },
      head_commit: { url: `https://git.example.org/base/commit/${oid(2)}` },
    });
  });

  test('calls somebody without a name anonymous', () => {
    const update = updated('refs/heads/main');
    const payload: unknown = JSON.parse(
      pushPayload({ ...pushOf('a', update), user: undefined }, update, forward, undefined),
    );
    expect(payload).toMatchObject({ pusher: { name: 'anonymous' } });
  });
});

test('the payload of a ping says which webhook it is for', () => {
  expect(JSON.parse(pingPayload('ci'))).toMatchObject({ hook: { name: 'ci', events: ['push'] } });
});
