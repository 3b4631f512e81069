/** The Dockerfile, as far as it can be tried without an engine: its syntax, what it copies, and what it builds of that. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { afterAll, expect, it } from 'vitest';
import { makeTempDir } from '../support/fixtures.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8');
const place = makeTempDir();
afterAll(() => place.dispose());

const [buildStage = '', finalStage = ''] = text.split(/^FROM .*$/m).slice(1);
const instructions = (stage: string, name: string): string[] =>
  [...stage.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, rest]) => rest ?? '');
/** What is copied out of the checkout. */
const copied = (stage: string): { sources: string[]; target: string }[] =>
  instructions(stage, 'COPY')
    .filter((rest) => !rest.startsWith('--from='))
    .map((rest) => {
      const words = rest.split(' ');
      return { sources: words.slice(0, -1), target: words.at(-1) ?? '' };
    });

it('is a valid Dockerfile', () => {
  expect(validate(text)).toEqual([]);
  expect(text.match(/^FROM /gm)).toHaveLength(2);
});

it('runs as a user without rights', () => {
  expect(instructions(finalStage, 'USER')).toEqual(['node']);
});

it('builds of what it copies, and the command runs as the image starts it', () => {
  const build = join(place.path, 'build');
  const image = join(place.path, 'image');
  for (const { sources, target } of copied(buildStage)) {
    for (const source of sources) {
      const to = sources.length > 1 || target === './' ? join(build, basename(source)) : join(build, target);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(root, source), to, { recursive: true });
    }
  }
  // The lock file decides what npm ci installs; here it is what is installed already.
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'));
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: build });
  mkdirSync(image);
  for (const rest of instructions(finalStage, 'COPY').filter((line) => line.startsWith('--from=build '))) {
    const [, from = ''] = rest.split(' ');
    cpSync(join(build, from.replace('/build/', '')), join(image, basename(from)), { recursive: true });
  }
  for (const { sources } of copied(finalStage)) {
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
  }
  const [entry = '[]'] = instructions(finalStage, 'ENTRYPOINT');
  const words = JSON.parse(entry) as string[];
  expect(words.slice(0, 3)).toEqual(['tini', '--', 'node']);
  const [workdir = ''] = instructions(finalStage, 'WORKDIR');
  const main = join(image, (words[3] ?? '').replace(`${workdir}/`, ''));
  const shown = execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(shown.trim()).toBe(version);
});
