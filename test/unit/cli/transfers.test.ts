import { describe, expect, it } from 'vitest';
import { LiveLine } from '../../../src/cli/observation/live-line.js';
import { TransferText } from '../../../src/cli/observation/transfers.js';
import type { ActiveRequest } from '../../../src/index.js';

const clear = '\r\u001B[2K';
const mebibyte = 1024 * 1024;

function terminal(columns: number): { written: string[]; columns: number; write: (text: string) => boolean } {
  const written: string[] = [];
  return { written, columns, write: (text) => written.push(text) > 0 };
}

function request(given: {
  readonly context?: ActiveRequest['context'];
  readonly name?: string;
  readonly user?: string;
  readonly bytes?: number;
  readonly elapsedMs?: number;
  readonly stage?: ActiveRequest['stage'];
}): ActiveRequest {
  const { name = 'app.git', user, bytes = 0, elapsedMs = 1_000, stage = 'answer' } = given;
  return {
    context: given.context ?? ({ service: 'git-upload-pack', path: name } as ActiveRequest['context']),
    user: user === undefined ? undefined : { name: user },
    repository: { name, gitDir: `/srv/${name}` },
    requestBytes: 0,
    responseBytes: bytes,
    elapsedMs,
    stage,
  };
}

describe('the text of what is going on', () => {
  it('tells of repository, user, bytes, and the rate since it was looked at last', () => {
    const text = new TransferText();
    const first = request({ user: 'ann', bytes: 2 * mebibyte, elapsedMs: 1_000 });
    expect(text.next([first])).toBe('fetch /app.git by ann: 2.0 MiB, 2.0 MiB/s');
    const later = request({
      ...first,
      context: first.context,
      user: 'ann',
      bytes: 12 * mebibyte,
      elapsedMs: 2_000,
    });
    expect(text.next([later])).toBe('fetch /app.git by ann: 12.0 MiB, 10.0 MiB/s');
  });

  it('is empty while nothing takes long enough to be read', () => {
    expect(new TransferText().next([])).toBe('');
    expect(new TransferText().next([request({ elapsedMs: 100 })])).toBe('');
  });

  it('says who waits, and counts those for whom there is no room', () => {
    const many = ['a.git', 'b.git', 'c.git', 'd.git', 'e.git'].map((name) =>
      request({ name, stage: 'queue' }),
    );
    expect(new TransferText().next(many)).toBe(
      'fetch /a.git: waits · fetch /b.git: waits · fetch /c.git: waits · 2 more',
    );
  });
});

describe('the last line of a terminal', () => {
  it('goes away for what is written above it, and comes back, in one write', () => {
    const screen = terminal(80);
    const line = new LiveLine(screen);
    const above = line.above(screen);
    above.write('first\n');
    line.show('busy');
    above.write('second\n');
    line.show('');
    above.write('third\n');
    expect(screen.written).toEqual(['first\n', `${clear}busy`, `${clear}second\nbusy`, clear, 'third\n']);
  });

  it('is written anew only when it changes', () => {
    const screen = terminal(80);
    const line = new LiveLine(screen);
    for (const text of ['a', 'a', 'b', 'b']) line.show(text);
    expect(screen.written).toEqual([`${clear}a`, `${clear}b`]);
  });

  it.each([
    ['a text that is too long', 'x'.repeat(100), `${'x'.repeat(18)}…`],
    ['wide characters', '漢'.repeat(100), `${'漢'.repeat(9)}…`],
    ['a text that fits', 'x'.repeat(18), 'x'.repeat(18)],
  ])('never wraps: %s', (_what, text, expected) => {
    const screen = terminal(20);
    new LiveLine(screen).show(text);
    expect(screen.written).toEqual([clear + expected]);
  });

  it('holds nothing that a terminal would obey', () => {
    const screen = terminal(80);
    new LiveLine(screen).show('a\u001B[31mb\nc');
    expect(screen.written).toEqual([`${clear}a\\u{1b}[31mb\\u{a}c`]);
  });
});
