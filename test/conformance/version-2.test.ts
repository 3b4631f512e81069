/** What version 2 of the protocol can do, and what it answers to requests that no client would send. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitFile, git, gitOk, makeBareRepository } from '../support/fixtures.js';
import { gitAtLeast } from '../support/gits.js';
import { eventually } from '../support/server.js';
import { clientOf, openLab, refOf, type Lab } from './lab.js';
import { advertisementOf, askUploadPack, v2Request } from './raw-fetch.js';

const client = clientOf(2);
let lab: Lab;
let main = '';
let count = 0;
let name = '';
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());
beforeEach(async () => {
  name = `app-${(count += 1)}.git`;
  await makeBareRepository(lab.at(name));
  main = await refOf(lab.at(name), 'main');
});

const configure = (key: string, value: string): Promise<string> =>
  gitOk(['config', key, value], { cwd: lab.at(name) });
const sectionsOf = (packets: readonly string[]): string[] =>
  packets.filter((packet) => /^[a-z-]+$/.test(packet));

describe('an empty repository', () => {
  const first = async (): Promise<string[]> =>
    askUploadPack(lab, name, v2Request('ls-refs', ['symrefs', 'unborn']));
  beforeEach(async () => {
    name = `empty-${count}.git`;
    await makeBareRepository(lab.at(name), { commits: 0 });
    await gitOk(['symbolic-ref', 'HEAD', 'refs/heads/trunk'], { cwd: lab.at(name) });
  });

  it('tells which branch HEAD stands for, and a clone is on it', async () => {
    expect(await advertisementOf(lab, name)).toContain('ls-refs=unborn');
    expect(await first()).toEqual(['unborn HEAD symref-target:refs/heads/trunk', '0000']);
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url(name), copy]);
    expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: copy })).toBe('refs/heads/trunk');
  });

  it('does so quietly with lsrefs.unborn=allow, and not at all with ignore', async () => {
    await configure('lsrefs.unborn', 'allow');
    expect(await advertisementOf(lab, name)).toContain('ls-refs');
    expect(await first()).toEqual(['unborn HEAD symref-target:refs/heads/trunk', '0000']);
    await configure('lsrefs.unborn', 'ignore');
    expect(await advertisementOf(lab, name)).toContain('ls-refs');
    expect(await first()).toEqual(['0000']);
    const copy = lab.fresh();
    await client.ok(['-c', 'init.defaultBranch=mine', 'clone', '-q', lab.url(name), copy]);
    expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: copy })).toBe('refs/heads/mine');
  });
});

describe('ls-refs', () => {
  it('lists only what a prefix fits, HEAD first', async () => {
    const listed = await askUploadPack(
      lab,
      name,
      v2Request('ls-refs', ['ref-prefix refs/heads/t', 'ref-prefix HEAD']),
    );
    expect(listed).toEqual([`${main} HEAD`, `${main} refs/heads/topic`, '0000']);
  });

  it('lists everything from 65,536 prefixes on (ls-refs.c: TOO_MANY_PREFIXES)', async () => {
    const prefixes = (length: number): string[] => Array.from({ length }, (_, i) => `ref-prefix refs/x/${i}`);
    const ask = (length: number): Promise<string[]> =>
      askUploadPack(lab, name, v2Request('ls-refs', prefixes(length)));
    expect(await ask(65_535)).toEqual(['0000']);
    // More than a megabyte: it waits in a file.
    expect(await ask(65_536)).toContain(`${main} refs/heads/topic`);
  });
});

describe('want-ref', () => {
  const fetchRefs = (...args: readonly string[]): Promise<string[]> =>
    askUploadPack(lab, name, v2Request('fetch', [...args, 'no-progress', 'done']));
  beforeEach(() => configure('uploadpack.allowRefInWant', 'true'));

  it('is offered where it is allowed, and gives what the ref is now', async () => {
    expect((await advertisementOf(lab, name)).find((line) => line.startsWith('fetch='))).toContain(
      'ref-in-want',
    );
    const packets = await fetchRefs('want-ref refs/heads/main', 'want-ref refs/tags/light');
    expect(packets.slice(0, 4)).toEqual([
      'wanted-refs',
      `${main} refs/heads/main`,
      `${main} refs/tags/light`,
      '0001',
    ]);
    expect(sectionsOf(packets)).toContain('packfile');
    const copy = lab.fresh();
    await gitOk(['init', '-q', copy]);
    await client.ok(['fetch', '-q', lab.url(name), 'refs/heads/main'], copy);
    expect(lab.server.events.fetch.at(-1)?.request.wantRefs).toEqual(['refs/heads/main']);
    expect(await refOf(copy, 'FETCH_HEAD')).toBe(main);
  });

  it('that names none, or a hidden ref, is refused with the reason', async () => {
    expect(await fetchRefs('want-ref refs/heads/none')).toEqual(['ERR unknown ref refs/heads/none']);
    await configure('transfer.hideRefs', 'refs/heads/topic');
    expect(await fetchRefs('want-ref refs/heads/topic')).toEqual(['ERR unknown ref refs/heads/topic']);
  });

  it('that is there twice is an error, or, with an older git, listed twice', async () => {
    const packets = await fetchRefs('want-ref refs/heads/main', 'want-ref refs/heads/main');
    const line = `${main} refs/heads/main`;
    expect([['ERR duplicate want-ref refs/heads/main'], ['wanted-refs', line, line, '0001']]).toContainEqual(
      packets.slice(0, 4),
    );
  });

  it('is an unknown argument where it is not allowed', async () => {
    await configure('uploadpack.allowRefInWant', 'false');
    expect((await fetchRefs('want-ref refs/heads/main')).join()).toMatch(/^ERR |git failed/);
  });
});

it('agent and session-id are told where the operator wants it, and read from the client', async () => {
  const ids = (packets: readonly string[]): string[] =>
    packets.filter((line) => line.includes('session-id='));
  expect((await advertisementOf(lab, name)).find((line) => line.startsWith('agent='))).toMatch(
    /^agent=git\/\d/,
  );
  expect(ids(await advertisementOf(lab, name))).toEqual([]);
  await configure('transfer.advertiseSID', 'true');
  for (const version of [0, 1, 2]) {
    const [first] = ids(await advertisementOf(lab, name, 'git-upload-pack', version));
    const [second] = ids(await advertisementOf(lab, name, 'git-upload-pack', version));
    expect(first).toMatch(/session-id=\S+/);
    expect(first).not.toBe(second);
  }
  expect(ids(await advertisementOf(lab, name, 'git-receive-pack', 0))).toHaveLength(1);
  await client.ok(['-c', 'transfer.advertiseSID=true', 'clone', '-q', lab.url(name), lab.fresh()]);
  expect(lab.server.events.fetch.at(-1)?.request.agent).toMatch(/^git\/\d/);
});

it('a fetch over a sideband for all of it is reported once, for its pack', async () => {
  await configure('uploadpack.allowSidebandAll', 'true');
  const copy = lab.fresh();
  await client.ok(['clone', '-q', lab.url(name), copy]);
  // Younger than what both have, so that the first round of negotiation finds nothing.
  const env = { GIT_COMMITTER_DATE: '2090-01-01T00:00:00Z' };
  for (let i = 0; i < 40; i += 1) {
    await gitOk(['commit', '-q', '--allow-empty', '-m', `${i}`], { cwd: copy, env });
  }
  const work = lab.fresh();
  await gitOk(['clone', '-q', lab.at(name), work]);
  await commitFile(work, 'new', 'new\n');
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: work });
  const [fetches, requests] = [lab.server.events.fetch.length, lab.server.events.request.length];
  await client.ok(['fetch', '-q'], copy);
  // Discovery, ls-refs, and two rounds at least.
  await eventually('all are told of', () => lab.server.events.request.length - requests >= 4);
  await eventually('so is the pack', () => lab.server.events.fetch.length > fetches);
  expect(lab.server.events.fetch.length - fetches).toBe(1);
});

it('server options reach git, which knows none and says nothing of them', async () => {
  const listed = await client.ok(['ls-remote', '--server-option=a=b', lab.url(name), 'main']);
  expect(listed).toBe(`${main}\trefs/heads/main`);
});

// The blob is left out of the pack: clients fetch it from elsewhere.
it('packfile-uris are told to clients that can use them', async () => {
  const blob = await gitOk(['rev-parse', 'main:file-1'], { cwd: lab.at(name) });
  // It rests on a sideband around the whole answer (upload-pack.c: relay_pack_data).
  await configure('uploadpack.allowSidebandAll', 'true');
  await configure('uploadpack.blobPackfileUri', `${blob} ${'a'.repeat(40)} https://cdn.example.org/pack`);
  expect((await advertisementOf(lab, name)).find((line) => line.startsWith('fetch='))).toContain(
    'packfile-uris',
  );
  const ask = (protocols: string): Promise<string[]> =>
    askUploadPack(
      lab,
      name,
      v2Request('fetch', [
        `want ${main}`,
        'sideband-all',
        `packfile-uris ${protocols}`,
        'no-progress',
        'done',
      ]),
    );
  const packets = await ask('https');
  expect(packets.slice(0, 4)).toEqual([
    '\u0001packfile-uris',
    `\u0001${'a'.repeat(40)} https://cdn.example.org/pack`,
    '0001',
    '\u0001packfile',
  ]);
  expect((await ask('http')).slice(0, 1)).toEqual(['\u0001packfile']);
});

const withBundles = gitAtLeast(2, 40);
describe.skipIf(!withBundles)('bundle-uri', () => {
  let newer: Lab;
  beforeAll(async () => {
    newer = await openLab({ repositories: lab.root, gitCommand: withBundles?.command ?? 'git' });
  });
  afterAll(() => newer.close());

  it('tells what is configured, and only where it is on', async () => {
    expect(await advertisementOf(newer, name)).not.toContain('bundle-uri');
    await configure('uploadpack.advertiseBundleURIs', 'true');
    await configure('bundle.version', '1');
    await configure('bundle.mode', 'all');
    await configure('bundle.main.uri', 'https://cdn.example.org/main.bundle');
    expect(await advertisementOf(newer, name)).toContain('bundle-uri');
    const lines = await askUploadPack(newer, name, v2Request('bundle-uri', []));
    expect(lines.toSorted()).toEqual([
      '0000',
      'bundle.main.uri=https://cdn.example.org/main.bundle',
      'bundle.mode=all',
      'bundle.version=1',
    ]);
  });

  it('gives a clone its objects from a bundle', async () => {
    const bundle = lab.fresh();
    await gitOk(['bundle', 'create', '-q', bundle, 'main'], { cwd: lab.at(name) });
    await configure('uploadpack.advertiseBundleURIs', 'true');
    await configure('bundle.version', '1');
    await configure('bundle.mode', 'all');
    await configure('bundle.main.uri', `file://${bundle}`);
    const copy = lab.fresh();
    const command = withBundles?.command ?? 'git';
    await gitOk(['-c', 'transfer.bundleURI=true', 'clone', '-q', newer.url(name), copy], { command });
    expect(await refOf(copy, 'refs/bundles/main')).toBe(main);
    expect((await git(['fsck', '--strict'], { cwd: copy })).code).toBe(0);
  });
});

const withSizes = gitAtLeast(2, 45);
it.skipIf(!withSizes)('object-info is offered only where it is on', async () => {
  const newer = await openLab({ repositories: lab.root, gitCommand: withSizes?.command ?? 'git' });
  try {
    expect(await advertisementOf(newer, name)).not.toContain('object-info');
    await configure('transfer.advertiseObjectInfo', 'true');
    expect(await advertisementOf(newer, name)).toContain('object-info');
    const none = await askUploadPack(
      newer,
      name,
      v2Request('object-info', ['size', `oid ${'1'.repeat(40)}`]),
    );
    expect(none).toEqual(['size', `${'1'.repeat(40)} `, '0000']);
  } finally {
    await newer.close();
  }
});
