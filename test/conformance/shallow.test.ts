/** Histories that are cut off, on either side. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  const work = lab.fresh();
  await gitOk(['init', '-q', '-b', 'main', work]);
  for (let day = 1; day <= 9; day++) {
    const date = `2020-01-0${day}T12:00:00Z`;
    const env = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    await gitOk(['commit', '-q', '--allow-empty', '-m', `day ${day}`], { cwd: work, env });
    if (day === 4) await gitOk(['tag', 'four'], { cwd: work });
  }
  await makeBareRepository(lab.at('days.git'), { commits: 0 });
  await gitOk(['push', '-q', lab.at('days.git'), 'main', 'four'], { cwd: work });
});
afterAll(() => lab.close());

const subjects = async (repository: string, ref = 'HEAD'): Promise<string[]> =>
  (await gitOk(['log', '--format=%s', ref], { cwd: repository })).split('\n');

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);
  const clone = async (...args: string[]): Promise<string> => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', ...args, lab.url('days.git'), copy]);
    await fsck(copy);
    return copy;
  };

  it('clones so many commits, deepens, and completes', async () => {
    const copy = await clone('--depth=2');
    expect(await subjects(copy)).toEqual(['day 9', 'day 8']);
    await client.ok(['fetch', '-q', '--deepen=2'], copy);
    expect(await subjects(copy)).toHaveLength(4);
    await client.ok(['fetch', '-q', '--depth=1'], copy);
    expect(await subjects(copy)).toHaveLength(1);
    await client.ok(['fetch', '-q', '--unshallow'], copy);
    expect(await subjects(copy)).toHaveLength(9);
    await fsck(copy);
  });

  it('clones since a date, and without what a ref reaches', async () => {
    expect(await subjects(await clone('--shallow-since=2020-01-07T00:00:00Z'))).toEqual([
      'day 9',
      'day 8',
      'day 7',
    ]);
    expect(await subjects(await clone('--shallow-exclude=four'))).toHaveLength(5);
    const event = lab.server.events.fetch.at(-1);
    expect(event?.request.wants).toContain(await refOf(lab.at('days.git'), 'main'));
  });

  it('says why a date leaves nothing', async () => {
    const { code, stderr } = await client.try([
      'clone',
      '--shallow-since=2030-01-01',
      lab.url('days.git'),
      lab.fresh(),
    ]);
    expect(code).toBe(128);
    expect(stderr).toMatch(/no commits selected for shallow requests|error processing shallow info/);
  });

  it('takes a push from a shallow clone', async () => {
    const copy = await clone('--depth=1');
    const oid = await commitFile(copy, `from-${version}`, 'x\n');
    await client.ok(['push', '-q', 'origin', `main:shallow-${version}`], copy);
    expect(await refOf(lab.at('days.git'), `shallow-${version}`)).toBe(oid);
    await fsck(lab.at('days.git'));
  });

  it('serves a repository that is itself shallow', async () => {
    const name = `shallow-${version}.git`;
    await gitOk(['clone', '-q', '--bare', '--depth=3', `file://${lab.at('days.git')}`, lab.at(name)]);
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url(name), copy]);
    expect(await subjects(copy)).toHaveLength(3);
    await fsck(copy);
  });

  it('refuses a shallow push that would cut a history off, unless it is asked to take it', async () => {
    const name = `taking-${version}.git`;
    await makeBareRepository(lab.at(name), { commits: 0 });
    const copy = await clone('--depth=1');
    const denied = await client.try(['push', lab.url(name), 'main'], copy);
    expect(denied.stderr).toContain('shallow update not allowed');
    await gitOk(['config', 'receive.shallowUpdate', 'true'], { cwd: lab.at(name) });
    await client.ok(['push', '-q', lab.url(name), 'main'], copy);
    expect(await subjects(lab.at(name), 'main')).toEqual(['day 9']);
    await fsck(lab.at(name));
  });
});
