/** Bodies that unfold, that come in crumbs, and whose lengths lie. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pkt, zero, type Headers } from '../conformance/differential/case.js';
import { openLab, refOf, type Lab } from '../conformance/lab.js';
import { leftovers } from '../conformance/leftovers.js';
import { commitRandom, git as runGit, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { chunked, openRaw, rawRequest, requestHead, type RawResponse } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { typeOf, watchGit, type WatchedGit } from './stage.js';

const mebibyte = 1024 * 1024;
const folder = makeTempDir();
const spools = makeTempDir();
let git: WatchedGit;
let small: Lab;
let lab: Lab;
let oid = '';

beforeAll(async () => {
  git = watchGit(join(folder.path, 'git'));
  const limits = { temporaryDirectory: spools.path, spoolThresholdBytes: 65_536 };
  lab = await openLab({ limits });
  small = await openLab({
    gitCommand: git.command,
    limits: { ...limits, maxFetchRequestBytes: mebibyte, maxPushBytes: mebibyte },
  });
  for (const one of [lab, small]) {
    await makeBareRepository(one.at('app.git'), { commits: 1 });
    await gitOk(['config', 'http.uploadarchive', 'true'], { cwd: one.at('app.git') });
  }
  oid = await refOf(lab.at('app.git'), 'main');
});
afterEach(async () => {
  await eventually('nothing is left behind', () => leftovers(lab.root, spools.path).length === 0);
});
afterAll(async () => {
  await small.close();
  await lab.close();
  spools.dispose();
  folder.dispose();
});

/** Sends a part of a body that has no end, and gives the answer to that part alone. */
async function answerToPart(to: Lab, service: string, part: Buffer, headers: Headers): Promise<RawResponse> {
  const connection = await openRaw(to.server.port);
  const all = [...typeOf(service), ...headers, ['Transfer-Encoding', 'chunked'] as const];
  await connection.write(requestHead({ method: 'POST', path: `/app.git/${service}`, headers: all }));
  // Without the last chunk: whoever inflates all of it before he counts would wait for ever.
  void connection.write(chunked(part, part.length).subarray(0, -'0\r\n\r\n'.length));
  const answer = await connection.response();
  connection.destroy();
  return answer;
}

describe('S13: a body is counted while it unfolds', () => {
  const zeros = gzipSync(Buffer.alloc(64 * mebibyte));
  const gzip: Headers = [['Content-Encoding', 'gzip']];

  it.each(['git-upload-pack', 'git-upload-archive', 'git-receive-pack'])(
    '%s: 64 kB that unfold to 64 MiB are refused before the body has ended, and no program runs',
    async (service) => {
      git.started();
      expect(zeros.length).toBeLessThan(100_000);
      // Well-formed lines, so that it is the size that is refused.
      const line = pkt(`${zero} ${oid} refs/heads/${'x'.repeat(65_000)}`);
      const lines = service === 'git-receive-pack' ? gzipSync(line.repeat(64)) : zeros;
      const answer = await answerToPart(small, service, lines, gzip);
      expect(answer.status).toBe(413);
      expect(answer.body.toString()).toContain('larger than the 1 MiB');
      expect(git.started().filter((args) => !args.includes('config'))).toEqual([]);
      expect(readdirSync(spools.path)).toEqual([]);
    },
  );

  it('a push that unfolds behind its commands, while git takes it: nothing is stored', async () => {
    const head = `${pkt(`${zero} ${oid} refs/heads/bomb\0report-status`)}0000`;
    // The beginning of a pack, of which git waits for more.
    const pack = Buffer.concat([Buffer.from('PACK'), Buffer.from([0, 0, 0, 2, 0, 0, 255, 255])]);
    const part = Buffer.concat([gzipSync(Buffer.concat([Buffer.from(head), pack])), zeros]);
    const answer = await answerToPart(small, 'git-receive-pack', part, gzip);
    expect(answer.body.toString('latin1')).toMatch(/unpack [^o]|larger than/);
    expect(await refOf(small.at('app.git'), 'refs/heads/bomb')).toBe('');
  });

  it('a push of real git past its limit: what had come of it is gone again', async () => {
    const copy = small.fresh();
    await gitOk(['clone', '-q', small.url('app.git'), copy]);
    await commitRandom(copy, 'large', 4 * mebibyte);
    const args = ['-c', 'http.postBuffer=65536', 'push', small.url('app.git'), 'main:refs/heads/large'];
    const { code, stderr } = await runGit(args, { cwd: copy });
    expect({ code, isTold: stderr.includes('larger than the 1 MiB') }).toEqual({ code: 1, isTold: true });
    expect(await refOf(small.at('app.git'), 'refs/heads/large')).toBe('');
    const objects = join(small.at('app.git'), 'objects');
    const quarantines = (): string[] => readdirSync(objects).filter((name) => name.startsWith('tmp_'));
    await eventually('the quarantine is removed', () => quarantines().length === 0);
  });

  it.each(['gzip, gzip', 'gzip,identity', 'deflate', 'br', 'zstd', 'x-gzip, br'])(
    'the coding %s is not unfolded at all',
    async (coding) => {
      const twice = gzipSync(zeros);
      const answer = await answerToPart(small, 'git-upload-pack', twice, [['Content-Encoding', coding]]);
      expect(answer.status).toBe(415);
    },
  );

  it('commands without end are refused at 64 MiB, however much a push may bring', async () => {
    const line = Buffer.from(pkt(`${zero} ${oid} refs/heads/${'x'.repeat(65_000)}`));
    const piece = gzipSync(Buffer.concat(Array.from({ length: 256 }, () => line)));
    const part = Buffer.concat(Array.from({ length: 5 }, () => piece));
    const answer = await answerToPart(lab, 'git-receive-pack', part, gzip);
    expect({ status: answer.status, text: answer.body.toString() }).toEqual({
      status: 413,
      text: 'the request body is larger than the 64 MiB that this server accepts\n',
    });
  });

  it.each(['git-upload-pack', 'git-receive-pack'])(
    '%s: a body in chunks of one byte is not copied again for every chunk',
    async (service) => {
      const word = service === 'git-receive-pack' ? `${zero} ${oid} refs/heads/..` : `want ${oid} agent=`;
      const body = Buffer.from(`${pkt(word + 'x'.repeat(60_000))}0000`);
      const request = { port: lab.server.port, method: 'POST', path: `/app.git/${service}`, body } as const;
      const headers = typeOf(service);
      const whole = await rawRequest({ ...request, headers });
      const concat = Buffer.concat.bind(Buffer);
      let copied = 0;
      Buffer.concat = (...args) => {
        const joined = concat(...args);
        copied += joined.length;
        return joined;
      };
      try {
        const crumbs = await rawRequest({ ...request, headers, chunkBytes: 1 });
        expect(crumbs.status).toBe(whole.status);
        expect(crumbs.body).toEqual(whole.body);
      } finally {
        Buffer.concat = concat;
      }
      // The client's own framing is seven times the body; joining at every byte would be 30,000 times.
      expect(copied).toBeLessThan(40 * body.length);
    },
  );
});

describe('S14: a pkt-line whose length is none', () => {
  const lengths = [
    '0003',
    'fff1',
    'ffff',
    'FFFF',
    '-001',
    '-fff',
    '+004',
    ' 004',
    '0x10',
    '1e+1',
    'zzzz',
    '00 5',
    '\0\0\0\0',
    '४४४',
  ];
  const valid = (): string => pkt(`${zero} ${oid} refs/heads/short\0report-status`);

  describe.each(lengths)('%j', (length) => {
    const send = (service: string, body: string, version: number): Promise<RawResponse> =>
      rawRequest({
        port: small.server.port,
        method: 'POST',
        path: `/app.git/${service}`,
        headers: [...typeOf(service), ['Git-Protocol', `version=${version}`]],
        body,
      });

    it('at the beginning of a push, and behind a command: 400, and git does not run', async () => {
      for (const before of ['', valid()]) {
        git.started();
        const answer = await send('git-receive-pack', `${before}${length}${'x'.repeat(40)}0000`, 0);
        expect(answer.status).toBe(400);
        expect(answer.body.toString()).toMatch(/^bad push: bad line length/);
        expect(git.started().filter((args) => !args.includes('config'))).toEqual([]);
        expect(await refOf(small.at('app.git'), 'refs/heads/short')).toBe('');
      }
    });

    it('in a fetch of any version: no pack, and an end', async () => {
      for (const version of [0, 1, 2]) {
        const starts = version === 2 ? ['', `${pkt('command=fetch')}0001`] : ['', pkt(`want ${oid}\n`)];
        for (const before of starts) {
          const answer = await send('git-upload-pack', `${before}${length}${'x'.repeat(40)}0000`, version);
          expect(answer.complete).toBe(true);
          expect(answer.body.toString('latin1')).toMatch(/^$|^[0-9a-f]{4}ERR /);
        }
      }
    });
  });

  it('a length that promises more than ever comes ends as a request that is cut off', async () => {
    const push = { port: lab.server.port, method: 'POST', path: '/app.git/git-receive-pack' } as const;
    const headers = typeOf('git-receive-pack');
    const answer = await rawRequest({ ...push, headers, body: 'fff0abc' });
    expect({ status: answer.status, text: answer.body.toString() }).toEqual({
      status: 400,
      text: 'the push ended before its commands did\n',
    });
  });
});
