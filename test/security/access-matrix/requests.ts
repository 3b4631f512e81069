/** Every operation as a request by itself, and what its answer says. */
import { createHash } from 'node:crypto';
import { delimiter, flush, pkt, zero, type Headers } from '../../conformance/differential/case.js';
import { packetsOf } from '../../conformance/raw-fetch.js';
import { typeOf } from '../stage.js';
import { changes, changeAnswer, pushStatus, readStatus, type Caller, type Change } from './expected.js';
import { idsOfChange, refOfChange, type Repositories } from './repositories.js';

/** A request, sent on a connection of its own without any other before it. */
export interface Ask {
  readonly operation: string;
  readonly method: 'GET' | 'POST';
  /** What follows the repository's path. */
  readonly below: string;
  readonly headers: Headers;
  readonly body?: Buffer | string;
  /** What is in the body of an answer that really serves it. */
  readonly proof?: string;
  /** The changes that it pushes; without any it asks for a push, or reads. */
  readonly pushes?: readonly Change[];
}

export type Version = 0 | 2;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const versionHeader = (version: Version): Headers => (version === 0 ? [] : [['Git-Protocol', 'version=2']]);

function readingAsks(version: Version, { commits, pack, looseObject }: Repositories): Ask[] {
  const get = (operation: string, below: string, proof: string): Ask => {
    return { operation, method: 'GET', below, proof, headers: versionHeader(version) };
  };
  const post = (operation: string, service: string, body: string, proof: string): Ask => {
    const headers = [...typeOf(service), ...versionHeader(version)];
    return { operation, method: 'POST', below: `/${service}`, proof, headers, body };
  };
  const want = pkt(`want ${commits.child}\n`);
  const discovery = '/info/refs?service=git-upload-pack';
  if (version === 2) {
    const lsRefs = pkt('command=ls-refs\n') + delimiter + flush;
    const fetch = pkt('command=fetch\n') + delimiter + want + pkt('done\n') + flush;
    return [
      get('discovery for fetch', discovery, 'version 2'),
      post('list of refs', 'git-upload-pack', lsRefs, commits.sibling),
      post('fetch', 'git-upload-pack', fetch, 'PACK'),
    ];
  }
  return [
    get('discovery for fetch', discovery, commits.sibling),
    post('fetch', 'git-upload-pack', want + flush + pkt('done\n'), 'PACK'),
    post('archive', 'git-upload-archive', pkt('argument HEAD\n') + flush, 'ustar'),
    get('refs as a file', '/info/refs', commits.sibling),
    get('HEAD as a file', '/HEAD', 'ref: refs/heads/main'),
    get('list of packs', '/objects/info/packs', 'P pack-'),
    get('pack as a file', `/${pack}`, 'PACK'),
    get('object as a file', `/${looseObject}`, ''),
  ];
}

/** A pack of no objects: the server has all of them. */
const emptyPack = Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1');

/** A push without any object. */
export function pushOf(commands: readonly (readonly [old: string, now: string, ref: string])[]): Buffer {
  const lines = commands.map((command, index) => command.join(' ') + (index === 0 ? '\0report-status' : ''));
  const needsPack = commands.some(([, now]) => now !== zero);
  const checksum = createHash('sha1').update(emptyPack).digest();
  const rest = needsPack ? [emptyPack, checksum] : [];
  return Buffer.concat([Buffer.from(lines.map(pkt).join('') + flush), ...rest]);
}

function pushAsk(version: Version, pushes: readonly Change[], run: string, { commits }: Repositories): Ask {
  const commands = pushes.map((change): [string, string, string] => {
    const [old = zero, now = zero] = idsOfChange(change, commits);
    return [old, now, refOfChange(change, run)];
  });
  return {
    operation: 'push',
    method: 'POST',
    below: '/git-receive-pack',
    headers: [...typeOf('git-receive-pack'), ...versionHeader(version)],
    body: pushOf(commands),
    pushes,
  };
}

/** All operations; the changes of a push all at once, or one after the other. */
export function asksOf(version: Version, run: string, all: Repositories, isOneByOne: boolean): Ask[] {
  const pushDiscovery: Ask = {
    operation: 'discovery for push',
    method: 'GET',
    below: '/info/refs?service=git-receive-pack',
    headers: versionHeader(version),
    proof: all.commits.sibling,
    pushes: [],
  };
  const pushes = isOneByOne ? changes.map((change) => [change]) : [changes];
  return [
    ...readingAsks(version, all),
    pushDiscovery,
    ...pushes.map((each) => pushAsk(version, each, run, all)),
  ];
}

/** What a caller gets of one request: by operation a status, or what the report says of a ref. */
export type Answers = Record<string, number | string>;

/** What is right. */
export function expectedOf({ operation, pushes }: Ask, caller: Caller, kind: string): Answers {
  if (!pushes) return { [operation]: readStatus(caller, kind) };
  if (pushes.length === 0) return { [operation]: pushStatus(caller, kind) };
  return Object.fromEntries(pushes.map((change) => [change, changeAnswer(caller, kind, change)]));
}

/** What an answer says. A 200 that does not serve what was asked for is its text. */
export function foundIn({ operation, pushes, proof = '' }: Ask, run: string, answer: Answer): Answers {
  const { status, body } = answer;
  if (!pushes || pushes.length === 0) {
    const isServed = status !== 200 || body.includes(proof);
    return { [operation]: isServed ? status : body.toString('latin1').slice(0, 200) };
  }
  if (status !== 200) return Object.fromEntries(pushes.map((change) => [change, status]));
  const lines = packetsOf(body);
  return Object.fromEntries(
    pushes.map((change) => {
      const ref = refOfChange(change, run);
      const line = lines.find((each) => each.split(' ')[1] === ref);
      // A refusal that is not one by the rules would be a failure that looks like one.
      if (line?.startsWith(`ng ${ref} you may not `)) return [change, 'ng'];
      return [change, line === `ok ${ref}` ? 'ok' : (line ?? lines.join('|'))];
    }),
  );
}
