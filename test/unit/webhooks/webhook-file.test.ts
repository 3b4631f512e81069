import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readWebhookFile, WebhookFileError } from '../../../src/webhooks/index.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
let file: string;

beforeEach(() => {
  folder = makeTempDir();
  file = join(folder.path, 'webhooks.toml');
});

afterEach(() => folder.dispose());

test('a file gives what createWebhooks takes, with secrets from files beside it', async () => {
  writeFileSync(join(folder.path, 'ci.secret'), ' from a file \n');
  writeFileSync(
    file,
    `# whom to tell
public_url = "https://git.example.org/base"

[[webhook]]
name = "ci"
url = "https://ci.example.org/hook?x=1"
secret_file = "ci.secret"
repositories = ["team/**", "app.git"]
events = ["push"]
allow_private = ["10.1.0.0/16"]

[[webhook]]
url = "http://127.0.0.1:8080/"
secret = "inline"
allow_private = true
`,
  );
  expect(await readWebhookFile(file)).toEqual({
    publicUrl: 'https://git.example.org/base/',
    hooks: [
      {
        name: 'ci',
        url: 'https://ci.example.org/hook?x=1',
        secret: ' from a file ',
        repositories: ['team/**', 'app.git'],
        events: ['push'],
        allowPrivateAddresses: ['10.1.0.0/16'],
      },
      { url: 'http://127.0.0.1:8080/', secret: 'inline', allowPrivateAddresses: true },
    ],
  });
});

test('an empty file has no webhooks', async () => {
  writeFileSync(file, '');
  expect(await readWebhookFile(file)).toEqual({ hooks: [], publicUrl: undefined });
});

const good = '[[webhook]]\nurl = "https://a.example/"\nsecret = "hush-hush"\n';

test.each<[what: string, text: string, line: number, problem: string]>([
  ['what is no TOML', `${good}\nurl = \n`, 5, 'this is not TOML: '],
  ['a key that occurs twice', `${good}secret = "hush-hush"\n`, 4, ''],
  [
    'an unknown key',
    `${good}\n[[webhook]]\nurl = "https://b.example/"\nsecrets = "hush-hush"\n`,
    7,
    '"secrets" is not known',
  ],
  ['an unknown key at the top', `x = 1\n${good}`, 1, '"x" is not known'],
  ['an unknown table', `${good}[other]\n`, 1, '"other" is not known'],
  ['a single bracket', '\n[webhook]\nurl = "https://a.example/"\n', 1, 'two brackets'],
  ['no secret', `${good}[[webhook]]\nurl = "https://b.example/"\n`, 4, 'one of secret and secret_file'],
  ['two secrets', `${good}secret_file = "x"\n`, 3, 'one of secret and secret_file'],
  ['an empty secret', '[[webhook]]\nurl = "https://a.example/"\nsecret = ""\n', 3, 'secret must be a text'],
  [
    'a secret file that is missing',
    '[[webhook]]\nurl = "https://a.example/"\nsecret_file = "x"\n',
    3,
    'x cannot be read (ENOENT)',
  ],
  ['no URL', '\n[[webhook]]\nsecret = "hush-hush"\n', 2, 'url must be a URL'],
  ['a URL of another kind', '[[webhook]]\nsecret = "hush-hush"\nurl = "ftp://a/"\n', 3, 'url must be a URL'],
  [
    'a URL with a password',
    '[[webhook]]\nsecret = "x"\nurl = "https://u:hush-hush@a/"\n',
    3,
    'must not hold a user',
  ],
  ['a pattern that is none', `${good}repositories = ["a", "b{"]\n`, 4, 'repositories[1] is no pattern'],
  ['events that do not exist', `${good}events = ["pull_request"]\n`, 4, 'events must be'],
  ['networks that are none', `${good}allow_private = ["lan"]\n`, 4, 'allow_private[0] must be an address'],
  [
    'a name for two',
    `${good}name = "a"\n\n[[webhook]]\nname = "a"\nurl = "https://b/"\nsecret = "x"\n`,
    7,
    'name is that of another',
  ],
  ['one URL for two without names', `${good}${good}`, 4, 'name is that of another'],
  ['a public URL that is none', `public_url = "git"\n${good}`, 1, 'public_url must be a URL'],
])('%s is refused with its line and without secrets', async (_what, text, line, problem) => {
  writeFileSync(file, text);
  const error: unknown = await readWebhookFile(file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WebhookFileError);
  const { message } = error as WebhookFileError;
  expect([message, (error as WebhookFileError).line]).toEqual([message, line]);
  expect(message).toContain(`${file}:${line}: `);
  expect(message).toContain(problem);
  expect(message).not.toContain('hush-hush');
});

test('a file that is missing is refused with its name', async () => {
  await expect(readWebhookFile(file)).rejects.toThrow(`${file}: there is no such file`);
});
