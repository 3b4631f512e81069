import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainListenFailure } from '../../src/cli/addresses.js';
import { runCommand } from '../support/command.js';
import { createWorkspace, type Workspace } from './workspace.js';

let place: Workspace;

beforeAll(async () => {
  place = await createWorkspace();
});

afterAll(() => place.close());

/** One line, nothing on standard output, and no stack. */
async function failure(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<[number | null, string]> {
  const { code, stdout, stderr } = await runCommand(args, { cwd: place.folder, env });
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^gittyphoon: [^\n]+\n$/);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
  return [code, stderr.slice('gittyphoon: '.length).trimEnd()];
}

describe('a command line that cannot be used ends with code 2 and one line', () => {
  test.each([
    ['an unknown flag', ['--prot', '1'], /^unknown option '--prot' \(Did you mean --port\?\)/],
    ['a flag without its value', ['--port'], /^option '-p, --port <number>' argument missing/],
    ['a port that is no number', ['--port', 'http'], /argument 'http' is invalid.*0 to 65535/],
    ['a port that is too high', ['--port', '65536'], /argument '65536' is invalid.*0 to 65535/],
    ['a negative port', ['--port', '-1'], /argument '-1' is invalid/],
    ['a port with a fraction', ['--port', '80.5'], /argument '80.5' is invalid/],
    ['an unknown level', ['--log-level', 'loud'], /argument 'loud' is invalid. Allowed choices are fatal,/],
    ['a realm that no header can hold', ['--realm', 'a\nb'], /^--realm may hold printable ASCII/],
    ['an empty realm', ['--realm', ''], /^--realm must be a text/],
    ['a word that is neither', ['nowhere'], /^there is no command or folder "nowhere"; gittyphoon --help/],
    ['a mistyped command', ['reop'], /^there is no command or folder "reop" \(did you mean repo\?\)$/],
    ['one with a verb', ['reop', 'list'], /^there is no command or folder "reop" \(did you mean repo\?\)$/],
    [
      'one with flags',
      ['tokn', 'list', '--user', 'x'],
      /^there is no command or folder "tokn" \(did you mean token/,
    ],
    [
      'a mistyped serve',
      ['serv', 'repositories'],
      /^there is no command or folder "serv" \(did you mean serve\?/,
    ],
    ['a folder that does not exist', ['./nowhere'], /^there is no folder \.\/nowhere; give the one/],
    ['such a folder after serve', ['serve', 'nowhere'], /^there is no folder nowhere; give the one/],
    ['such a --gitbase', ['--gitbase', 'nowhere'], /^there is no folder nowhere; give the one/],
    ['a folder that is a file', ['file'], /^file is a file, not a folder; give the one/],
    ['an empty folder name', [''], /^there is no folder ""; give the one/],
    ['a command behind flags', ['--port', '0', 'serve'], /^"serve" is a command, and comes before all flags/],
    [
      'a command with a verb behind flags',
      ['--gitbase', 'repositories', 'repo', 'list'],
      /^"repo" is a command, and comes before all flags: gittyphoon repo/,
    ],
    [
      'a command with flags behind flags',
      ['--gitbase', 'repositories', 'token', 'create', '--user', 'ann'],
      /^"token" is a command, and comes before all flags/,
    ],
    ['two folders', ['repositories', 'home'], /^one folder is served, and .*; "home" is one too many$/],
    ['two folders after serve', ['serve', 'one', 'two'], /^too many arguments for 'serve'/],
    [
      'an unknown flag beside a folder',
      ['repositories', '--prot', '1'],
      /^unknown option '--prot' \(Did you mean --port/,
    ],
    [
      'DIR and --gitbase that differ',
      ['.', '--gitbase', 'repositories'],
      /^DIR is \. but --gitbase is repositories;/,
    ],
    ['a flag of another command', ['passwd', '--port', '1'], /^unknown option '--port'/],
    ['a name that no access file can hold', ['passwd', 'a=b'], /^this cannot be a name/],
  ])('%s', async (_what, args, message) => {
    await writeFile(join(place.folder, 'file'), '');
    const [code, text] = await failure(args);
    expect(text).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('a server that cannot start ends with code 1 and one line', () => {
  test('when the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = String((other.address() as AddressInfo).port);
    const [code, text] = await failure(['--host', '127.0.0.1', '--port', port]);
    await new Promise((resolve) => other.close(resolve));
    expect(text).toContain(`port ${port} on 127.0.0.1 is in use; `);
    expect(text).toContain('--port 0');
    expect(code).toBe(1);
  });

  test('when the address is not one of this machine', async () => {
    // An address for documentation (RFC 5737), which no machine has.
    const [code, text] = await failure(['--host', '203.0.113.7', '--port', '0']);
    expect(text).toContain('--host 203.0.113.7 is no address of this machine');
    expect(code).toBe(1);
  });

  test('when the port is reserved for the administrator', () => {
    // Whether a test could see this for real depends on who runs it.
    const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
    const { message, exitCode } = explainListenFailure(error, { host: undefined, port: 80 });
    expect(message).toMatch(/^not allowed to listen on port 80; choose one above 1023/);
    expect(exitCode).toBe(1);
  });

  test('when there is no git', async () => {
    const [code, text] = await failure([], { PATH: join(place.folder, 'nothing') });
    expect(text).toMatch(/^cannot run "git" .*install git 2\.34 or newer/);
    expect(code).toBe(1);
  });

  test('when git is too old', async () => {
    const bin = join(place.folder, 'bin');
    await mkdir(bin);
    await symlink('/bin/sh', join(bin, 'sh'));
    await writeFile(join(bin, 'git'), '#!/bin/sh\necho git version 2.20.1\n');
    await chmod(join(bin, 'git'), 0o755);
    const [code, text] = await failure([], { PATH: bin });
    expect(text).toBe('git 2.20.1 is too old; install 2.34 or newer');
    expect(code).toBe(1);
  });

  test('when the access file is missing, a folder, or broken', async () => {
    const broken = await place.writeAccessFile('[users]\nann = x\n[access]\nbob = app\n');
    for (const [file, message] of [
      ['missing.ini', 'missing.ini: there is no such file'],
      ['repositories', 'repositories: this is a folder, not a file'],
      [broken, `${broken}:4: there is no user "bob"; add a line to [users]`],
    ] as const) {
      const [code, text] = await failure(['--port', '0', '--accessfile', file]);
      expect(text).toBe(message);
      expect(code).toBe(1);
    }
  });
});

describe('help and version', () => {
  test('are printed on standard output, with code 0', async () => {
    const help = await place.run('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const flag of [
      '--port',
      '--host',
      '--gitbase',
      '--accessfile',
      '--realm',
      '--log-level',
      'passwd',
    ]) {
      expect(help.stdout).toContain(flag);
    }
    expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'Everybody may read and nobody may push unless --accessfile or --rules says otherwise.',
    );
    const version = await place.run('--version');
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await place.run('passwd', '--help')).toMatchObject({ code: 0, stderr: '' });
  });
});

describe.each(['repo', 'access', 'token', 'webhook'])('gittyphoon %s', (command) => {
  test('says that its own command is missing or unknown, and has help', async () => {
    const missing = await place.run(command);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toMatch(/^Usage: [^]*\ngittyphoon: a command is missing\n$/);
    const flags = ['--tokens', 'F', '--webhooks', 'F', '--gitbase', '.'];
    const [code, text] = await failure([command, 'nonsense', ...flags]);
    expect(text).toMatch(/^unknown command 'nonsense'/);
    expect(code).toBe(2);
    const help = await place.run(command, 'help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toBe((await place.run(command, '--help')).stdout);
  });
});
