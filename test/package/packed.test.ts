/** The package as its users get it: packed, checked, installed into an empty project, compiled against, run. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { git, makeRepository } from '../contract/client.js';
import { eventually } from '../support/server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tools = join(root, 'node_modules', '.bin');

let folder: string;
let project: string;
let tarball: string;
let packed: readonly string[];

/** Runs a program to its end; fails with all that it printed. */
function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, npm_config_update_notifier: 'false' };
    execFile(command, args, { cwd, env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gittyphoon-package-'));
  project = join(folder, 'project');
  await mkdir(project);
  const report = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const [entry] = JSON.parse(report) as [{ filename: string; files: readonly { path: string }[] }];
  tarball = join(folder, entry.filename);
  packed = entry.files.map(({ path }) => path);
  await writeFile(
    join(project, 'package.json'),
    '{ "name": "project", "private": true, "type": "module" }\n',
  );
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball];
  await run('npm', install, project);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('holds the built code, its types, its documents and its licence, and nothing else', async () => {
  for (const path of ['dist/index', 'dist/access/index', 'dist/access/oidc']) {
    expect(packed).toContain(`${path}.js`);
    expect(packed).toContain(`${path}.d.ts`);
  }
  expect(packed).toContain('dist/cli/main.js');
  expect(packed).toContain('LICENSE');
  expect(packed).toContain('docs/options.md');
  const top = new Set(['CHANGELOG.md', 'LICENSE', 'README.md', 'SHORTCOMINGS.md', 'package.json']);
  const others = packed.filter((path) => !/^(?:deploy|dist|docs)\//.test(path) && !top.has(path));
  expect(others).toEqual([]);
  expect(packed.filter((path) => path.startsWith('dist/') && !/\.(?:js|d\.ts)$/.test(path))).toEqual([]);
  // Every module is there with its types, and none is left over from a source that is gone.
  const modules = packed.filter((path) => path.startsWith('dist/') && path.endsWith('.js'));
  for (const path of modules) expect(packed).toContain(path.replace(/\.js$/, '.d.ts'));
  for (const path of modules) {
    await readFile(join(root, path.replace(/^dist/, 'src').replace(/\.js$/, '.ts')));
  }
});

it('has nothing for publint to complain of', async () => {
  expect(await run(join(tools, 'publint'), ['run', tarball, '--strict'], root)).toContain('All good!');
});

it('resolves with its types in every way that an ES module can be imported', async () => {
  const report = await run(join(tools, 'attw'), [tarball, '--profile', 'esm-only', '--format', 'json'], root);
  const { analysis } = JSON.parse(report) as {
    analysis: { problems: readonly { readonly resolutionKind?: string }[] };
  };
  // CommonJS before Node's own require(esm), and the resolution of Node 10, are not supported.
  const unsupported = new Set(['node10', 'node16-cjs']);
  const { problems } = analysis;
  expect(problems.filter(({ resolutionKind = '' }) => !unsupported.has(resolutionKind))).toEqual([]);
});

it('brings exactly its dependencies', async () => {
  const tree = JSON.parse(await run('npm', ['ls', '--json', '--depth=1'], project)) as {
    dependencies: { gittyphoon: { dependencies: Readonly<Record<string, unknown>> } };
  };
  expect(Object.keys(tree.dependencies)).toEqual(['gittyphoon']);
  const brought = Object.keys(tree.dependencies.gittyphoon.dependencies);
  expect(brought.toSorted()).toEqual([
    // A dependency of prom-client's, and so there for our optional peer.
    '@opentelemetry/api',
    'apache-md5',
    'bcryptjs',
    'commander',
    'ipaddr.js',
    'jose',
    'lru-cache',
    'picomatch',
    'pino',
    'pino-pretty',
    'prom-client',
    'rate-limiter-flexible',
    'smol-toml',
  ]);
});

const program = `
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import {
  createGitServer, DirectoryStore, fetchHandler, nodeHandler, OptionError,
  type GitServer, type GitServerOptions, type PushEvent, type RequestContext,
} from 'gittyphoon';
import { hashPassword, openAccessFile, type AccessFile } from 'gittyphoon/access';

const [folder = ''] = process.argv.slice(2);
writeFileSync('access.ini', '[users]\\nada = ' + (await hashPassword('secret')) + '\\n[access]\\nada = app.git\\n');
const repositories = new DirectoryStore({ root: folder });
const access: AccessFile = await openAccessFile('access.ini', { repositories });
const options: GitServerOptions = {
  repositories,
  publicRead: true,
  authenticate: access.authenticate,
  authorize: access.authorize,
};
const git: GitServer = createGitServer(options);
const seen: string[] = [];
git.on('push', ({ user, updates }: PushEvent) => void seen.push(String(user?.name), String(updates[0]?.refName)));
git.on('request', ({ context }: { context: RequestContext }) => void seen.push(context.phase));
// @ts-expect-error a number is no realm
const wrong: GitServerOptions = { repositories: folder, realm: 5, cors: undefined };
// @ts-expect-error there is no such option
const unknown: GitServerOptions = { repositories: folder, colour: 'red' };
let refused = '';
try { createGitServer(unknown); } catch (error) { if (error instanceof OptionError) refused = error.option; }
const response: Response = await fetchHandler(git)(new Request('http://localhost/app.git/HEAD'));
const server = createServer(nodeHandler(git)).listen(0, '127.0.0.1', () => server.close());
await git.close();
console.log(JSON.stringify({ refused, head: await response.text(), users: access.userCount, seen, wrong: typeof wrong }));
`;

it('compiles in a strict TypeScript project, its own types checked as well, and runs', async () => {
  await makeRepository(folder, 'app.git');
  await writeFile(join(project, 'program.ts'), program);
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    typeRoots: [join(root, 'node_modules', '@types')],
    types: ['node'],
    outDir: 'out',
  };
  const config = { compilerOptions, files: ['program.ts'] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
  await run(join(tools, 'tsc'), ['-p', project], project);
  const printed = await run(process.execPath, ['out/program.js', folder], project);
  expect(JSON.parse(printed)).toEqual({
    refused: 'colour',
    head: 'ref: refs/heads/main\n',
    users: 1,
    seen: ['file'],
    wrong: 'object',
  });
});

it.each([
  'gittyphoon',
  'gittyphoon/access',
  'gittyphoon/access/oidc',
  'gittyphoon/webhooks',
  'gittyphoon/metrics',
  'gittyphoon/opentelemetry',
])('loads %s by itself', async (name) => {
  const attempt = `import('${name}').then((found) => console.log(Object.keys(found).length > 0))`;
  expect(await run(process.execPath, ['--input-type=module', '-e', attempt], project)).toBe('true\n');
});

it('offers nothing but its entry points', async () => {
  const attempt = "import('gittyphoon/dist/server.js').then(() => 1, (error) => console.log(error.code))";
  const printed = await run(process.execPath, ['--input-type=module', '-e', attempt], project);
  expect(printed).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
});

it('has a command that tells its version and serves a folder', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(await run('npx', ['--no-install', 'gittyphoon', '--version'], project)).toBe(`${version}\n`);
  const served = join(folder, 'served');
  await mkdir(served);
  await makeRepository(served, 'app.git');
  // npx by way of a shell does not pass signals on; the file that it would run does.
  const command = join(project, 'node_modules', '.bin', 'gittyphoon');
  const server = spawn(command, ['--port', '0', '--host', '127.0.0.1', served], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  server.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = new Promise<number | null>((resolve) => server.once('close', resolve));
  try {
    const address = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    await eventually('the command listens', () => {
      if (server.exitCode !== null) throw new Error(`the command ended at once: ${printed}`);
      return address() !== undefined;
    });
    const copy = join(folder, 'copy');
    await git(['clone', '--quiet', `${address()}/app.git`, copy], { cwd: folder });
    await git(['rev-parse', 'HEAD'], { cwd: copy });
    server.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    server.kill('SIGKILL');
    await ended;
  }
});
