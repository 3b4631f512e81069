import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseStoredPassword, verifyPassword } from '../../src/access/password.js';
import { runCommand } from '../support/command.js';

const verify = (hash: string, password: string): Promise<boolean> =>
  verifyPassword(parseStoredPassword(hash), password);

describe('gittyphoon passwd, through a pipe,', () => {
  test.each([
    ['a line', 'pass word\n', 'pass word'],
    ['a line of Windows', 'secret\r\n', 'secret'],
    ['text without a line end', ' spaces ', ' spaces '],
    ['any characters', 'ä=:#$;🙂', 'ä=:#$;🙂'],
  ])('makes a line for an access file from %s', async (_what, input, password) => {
    const { code, stdout, stderr } = await runCommand(['passwd', 'ann'], { input });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [, hash = ''] = /^ann = (\$scrypt\$\S+)\n$/.exec(stdout) ?? [];
    expect(await verify(hash, password)).toBe(true);
    expect(await verify(hash, `${password} `)).toBe(false);
  });

  test('prints the hash alone when there is no name', async () => {
    const { stdout } = await runCommand(['passwd'], { input: 'x' });
    expect(await verify(stdout.trimEnd(), 'x')).toBe(true);
  });

  test.each([
    ['nothing', '', 'the password is empty'],
    ['an empty line', '\n', 'the password is empty'],
    ['two lines', 'a\nb\n', 'there is more than one line'],
  ])('refuses %s', async (_what, input, message) => {
    const { code, stdout, stderr } = await runCommand(['passwd', 'ann'], { input });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`gittyphoon: ${message}`);
  });
});

/** Types at a terminal of its own; `script` of util-linux makes one. Each answer waits for its prompt. */
function typeAt(
  answers: readonly (readonly [prompt: string, typed: string])[],
): Promise<{ code: number; shown: string }> {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const quoted = [process.execPath, main, 'passwd', 'ann'].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null']);
  const left = [...answers];
  let shown = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      const [next] = left;
      if (next && shown.includes(next[0])) child.stdin.write(left.shift()?.[1] ?? '');
    });
    child.once('close', (code) => resolve({ code: code ?? -1, shown }));
  });
}

describe.runIf(process.platform === 'linux')('gittyphoon passwd, at a terminal,', () => {
  test('asks twice and shows nothing of what is typed', async () => {
    const { code, shown } = await typeAt([
      ['Password: ', 'hunter3\u007f2\r'],
      ['Once more: ', 'hunter2\r'],
    ]);
    expect({ code, shown }).toMatchObject({ code: 0 });
    expect(shown).not.toContain('hunter');
    const [, hash = ''] = /^ann = (\$scrypt\$\S+)/m.exec(shown) ?? [];
    expect(await verify(hash, 'hunter2')).toBe(true);
  });

  test('refuses two passwords that differ', async () => {
    const { code, shown } = await typeAt([
      ['Password: ', 'one\r'],
      ['Once more: ', 'two\r'],
    ]);
    expect(code).toBe(1);
    expect(shown).toContain('the two passwords differ');
  });

  test('gives up on Ctrl-C and at the end of input', async () => {
    for (const key of ['\u0003', '\u0004']) {
      const { code, shown } = await typeAt([['Password: ', key]]);
      expect(code).toBe(1);
      expect(shown).toContain('no password was given');
    }
  });
});
