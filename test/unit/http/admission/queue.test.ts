import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharesOf, type AdmissionCaps, type Claim } from '../../../../src/http/admission/caps.js';
import { gitKinds, type GitKind } from '../../../../src/http/admission/kinds.js';
import { AdmissionQueue, type Waiter } from '../../../../src/http/admission/queue.js';

const caps: AdmissionCaps = {
  maxGitProcesses: 4,
  reservedGitProcesses: 1,
  maxQuickProcesses: 3,
  maxGitProcessesPerRepository: 2,
  maxGitProcessesPerClient: 2,
  maxQueuedRequests: 6,
};

type State = 'waiting' | 'running' | 'refused' | 'left' | 'over';

/** A request of a model, with what has become of it. */
class Request {
  state: State = 'waiting';
  readonly claim: Claim;
  readonly waiter: Waiter;
  release = (): void => {};

  constructor(kind: GitKind, client: string, repository: string, limits = caps) {
    this.claim = { kind, client, repository, isOneClient: true };
    this.waiter = {
      kind,
      client,
      shares: sharesOf(limits, this.claim),
      start: (release) => {
        this.#become('running');
        this.release = release;
      },
      refuse: () => {
        this.#become('refused');
      },
    };
  }

  #become(state: State): void {
    if (this.state !== 'waiting') throw new Error(`one that is ${this.state} cannot become ${state}`);
    this.state = state;
  }

  end(): void {
    this.state = 'over';
    this.release();
    // A second time takes nothing from others.
    this.release();
  }
}

const states = (...requests: readonly Request[]): State[] => requests.map(({ state }) => state);

test('fetches leave room for pushes, and pushes for fetches', () => {
  const queue = new AdmissionQueue(9);
  const fetches = ['a', 'b', 'c', 'd'].map((name) => new Request('fetch', name, name));
  for (const { waiter } of fetches) queue.enter(waiter);
  expect(states(...fetches)).toEqual(['running', 'running', 'running', 'waiting']);
  const pushes = ['a', 'b'].map((name) => new Request('push', name, name));
  for (const { waiter } of pushes) queue.enter(waiter);
  expect(states(...pushes)).toEqual(['running', 'waiting']);
  pushes[0]?.end();
  expect(states(...pushes)).toEqual(['over', 'running']);
  expect(fetches[3]?.state).toBe('waiting');
  fetches[0]?.end();
  expect(fetches[3]?.state).toBe('running');
});

test('refs and lazy fetches have room of their own, and wait behind neither clones nor each other', () => {
  const queue = new AdmissionQueue(9);
  for (const kind of ['fetch', 'push', 'lazy', 'refs'] as const) {
    const all = 'abcdefgh'.split('').map((name) => new Request(kind, name, name));
    for (const { waiter } of all) queue.enter(waiter);
    expect(all[0]?.state).toBe('running');
    expect(all[7]?.state).toBe('waiting');
  }
  expect(gitKinds.map((kind) => queue.running(kind))).toEqual([3, 3, 3, 1]);
  expect(gitKinds.map((kind) => queue.waiting(kind))).toEqual([5, 5, 5, 7]);
});

test('a repository that is busy, or a client that has its share, keeps nobody else waiting', () => {
  const queue = new AdmissionQueue(9);
  const first = new Request('fetch', 'a', 'one');
  const second = new Request('fetch', 'b', 'one');
  const third = new Request('fetch', 'c', 'one');
  const other = new Request('fetch', 'd', 'two');
  for (const { waiter } of [first, second, third, other]) queue.enter(waiter);
  expect(states(first, second, third, other)).toEqual(['running', 'running', 'waiting', 'running']);
  other.end();
  expect(third.state).toBe('waiting');
  second.end();
  expect(third.state).toBe('running');
});

test('clients that cannot be told apart have no share of their own', () => {
  const limits = { ...caps, maxGitProcessesPerClient: 1 };
  const keys = sharesOf(limits, { kind: 'refs', client: 'all', repository: 'one', isOneClient: false });
  expect(keys.map(({ key }) => key)).toEqual(['refs', 'refs in one']);
});

const move = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(...gitKinds),
      client: fc.constantFrom('a', 'b', 'c', 'd'),
      repository: fc.constantFrom('one', 'two', 'three'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ end: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ leave: fc.nat(50) }) },
);

function check(queue: AdmissionQueue, requests: readonly Request[]): void {
  const counts = new Map<string, number>();
  const running = requests.filter(({ state }) => state === 'running');
  for (const { waiter } of running) {
    for (const { key, cap } of waiter.shares) {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      expect(count).toBeLessThanOrEqual(cap);
    }
  }
  const waiting = requests.filter(({ state }) => state === 'waiting');
  for (const { waiter } of waiting) {
    // Nobody waits while there is room.
    expect(waiter.shares.some(({ key, cap }) => (counts.get(key) ?? 0) >= cap)).toBe(true);
  }
  for (const kind of gitKinds) {
    expect(queue.running(kind)).toBe(running.filter(({ waiter }) => waiter.kind === kind).length);
    const lined = waiting.filter(({ waiter }) => waiter.kind === kind).length;
    expect(queue.waiting(kind)).toBe(lined);
    expect(lined).toBeLessThanOrEqual(caps.maxQueuedRequests);
  }
}

test('caps hold, no slot is lost and nobody waits for nothing, whoever comes, ends and leaves', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 150 }), (moves) => {
      const queue = new AdmissionQueue(caps.maxQueuedRequests);
      const requests: Request[] = [];
      const pick = (state: State, index: number): Request | undefined => {
        const some = requests.filter((request) => request.state === state);
        return some[index % Math.max(1, some.length)];
      };
      for (const what of moves) {
        if ('kind' in what) {
          const request = new Request(what.kind, what.client, what.repository);
          requests.push(request);
          queue.enter(request.waiter);
        } else if ('end' in what) {
          pick('running', what.end)?.end();
        } else {
          const request = pick('waiting', what.leave);
          if (!request) continue;
          request.state = 'left';
          queue.leave(request.waiter);
        }
        check(queue, requests);
      }
      // All that runs ends: then everybody has had a turn, and all slots are free again.
      for (let running = pick('running', 0); running; running = pick('running', 0)) running.end();
      expect(requests.filter(({ state }) => state === 'waiting' || state === 'running')).toEqual([]);
      expect(gitKinds.map((kind) => [queue.running(kind), queue.waiting(kind)])).toEqual(
        gitKinds.map(() => [0, 0]),
      );
    }),
  );
});

test('a line that is cleared refuses all that wait, and starts none of them', () => {
  const queue = new AdmissionQueue(9);
  const requests = 'abcdef'.split('').map((name) => new Request('refs', name, name));
  for (const { waiter } of requests) queue.enter(waiter);
  queue.clear();
  requests[0]?.end();
  expect(states(...requests)).toEqual(['over', 'running', 'running', 'refused', 'refused', 'refused']);
});
