import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WaitingLine } from '../../../../src/http/admission/waiting-line.js';

interface Entry {
  readonly client: string;
  readonly number: number;
}

function lineOf(maxLength: number, ...clients: readonly string[]) {
  const line = new WaitingLine<Entry>(maxLength);
  const dropped = clients.map((client, number) => line.join({ client, number }));
  return { line, dropped };
}

/** Serves all that wait, one after the other. */
function served(line: WaitingLine<Entry>): string {
  let order = '';
  for (;;) {
    const next = line.first(() => true)?.entry;
    if (!next) return order;
    line.serve(next);
    order += `${next.client}${next.number} `;
  }
}

describe('turns', () => {
  test('one client is served in the order in which it came', () => {
    expect(served(lineOf(9, 'a', 'a', 'a').line)).toBe('a0 a1 a2 ');
  });

  test('clients take turns, however many requests one of them has', () => {
    expect(served(lineOf(9, 'a', 'a', 'a', 'a', 'b', 'b', 'c').line)).toBe('a0 b4 c6 a1 b5 a2 a3 ');
  });

  test('who comes while others are served joins the next round', () => {
    const { line } = lineOf(9, 'a', 'a', 'a');
    const first = line.first(() => true)?.entry;
    if (first) line.serve(first);
    line.join({ client: 'b', number: 9 });
    expect(served(line)).toBe('a1 b9 a2 ');
  });

  test('who is not ready keeps the place', () => {
    const { line } = lineOf(9, 'a', 'b', 'c');
    const ready = line.first(({ client }) => client === 'b')?.entry;
    expect(ready?.client).toBe('b');
    if (ready) line.serve(ready);
    expect(served(line)).toBe('a0 c2 ');
  });
});

describe('a line that is full', () => {
  test('refuses who would have the most in it', () => {
    const { line, dropped } = lineOf(2, 'a', 'a', 'a');
    expect(dropped).toEqual([undefined, undefined, { client: 'a', number: 2 }]);
    expect(served(line)).toBe('a0 a1 ');
  });

  test('takes somebody new, and drops the last of whoever has the most', () => {
    const { line, dropped } = lineOf(3, 'a', 'b', 'a', 'c');
    expect(dropped[3]).toEqual({ client: 'a', number: 2 });
    expect(served(line)).toBe('a0 b1 c3 ');
  });

  test('refuses who comes last where all have as much', () => {
    expect(lineOf(2, 'a', 'b', 'c').dropped[2]).toEqual({ client: 'c', number: 2 });
  });
});

test('nobody is passed more often than there are others, whoever comes and leaves meanwhile', () => {
  const clients = ['a', 'b', 'c', 'd'];
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ join: fc.constantFrom(...clients) }) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.constant({ serve: true }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const line = new WaitingLine<Entry>(50);
      let waiting: Entry[] = [];
      /** For the first request of each client: how often each of the others was served since it is the first. */
      const passed = new Map<Entry, Map<string, number>>();
      let mostPassed = 0;
      const firsts = (): Entry[] =>
        clients.flatMap((client) => waiting.find((entry) => entry.client === client) ?? []);
      steps.forEach((what, number) => {
        if ('join' in what) {
          const entry = { client: what.join, number };
          const dropped = line.join(entry);
          waiting = [...waiting, entry].filter((one) => one !== dropped);
        } else if ('leave' in what) {
          const entry = waiting[what.leave];
          if (entry) line.leave(entry);
          waiting = waiting.filter((one) => one !== entry);
        } else {
          const next = line.first(() => true)?.entry;
          if (!next) return;
          line.serve(next);
          waiting = waiting.filter((one) => one !== next);
          for (const first of firsts()) {
            if (first.client === next.client) continue;
            const counts = passed.get(first) ?? new Map<string, number>();
            passed.set(first, counts.set(next.client, (counts.get(next.client) ?? 0) + 1));
            mostPassed = Math.max(mostPassed, counts.get(next.client) ?? 0);
          }
        }
        expect(line.length).toBe(waiting.length);
        expect(line.first(() => true) === undefined).toBe(waiting.length === 0);
      });
      // Once in its own round, and once in one that had begun before it came or was the first.
      expect(mostPassed).toBeLessThanOrEqual(2);
      expect(line.clear()).toHaveLength(waiting.length);
      expect(line.length).toBe(0);
    }),
  );
});
