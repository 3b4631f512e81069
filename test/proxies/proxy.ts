/** Real proxies, started on the very snippets of docs/reverse-proxies.md. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/server.js';

export interface ProxyKind {
  /** Also the language of its snippet. */
  readonly name: string;
  /** The names that the program has on different systems. */
  readonly programs: readonly string[];
  readonly versionArgument: string;
  /** The lines of the snippet in whose place those for TLS come; without it they come after the snippet. */
  readonly plainLine?: string;
  /** The main configuration around the snippet, which listens on the document's port, and how the program is started with it. */
  setUp(place: { readonly snippet: string; readonly folder: string; readonly port: number }): {
    readonly config: string;
    readonly args: readonly string[];
  };
  readonly environment?: (folder: string) => Readonly<Record<string, string>>;
}

export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** The program to run, if this machine has it. */
export function findProgram(kind: ProxyKind): string | undefined {
  return kind.programs.find((name) => {
    const { error, status } = spawnSync(name, [kind.versionArgument], { stdio: 'ignore' });
    return error === undefined && status === 0;
  });
}

/** What the document holds for a proxy in a language, such as `nginx` or `nginx tls`. */
async function fenced(language: string): Promise<string> {
  const text = await readFile(new URL('../../docs/reverse-proxies.md', import.meta.url), 'utf8');
  const found = [...text.matchAll(/^```(\w+(?: tls)?)\n([\s\S]*?)^```$/gm)].filter(
    ([, name]) => name === language,
  );
  const snippet = found[0]?.[2];
  if (found.length !== 1 || snippet === undefined) {
    throw new Error(`docs/reverse-proxies.md must hold one snippet in ${language}`);
  }
  return snippet;
}

/** The snippet, with our addresses where the document says 127.0.0.1:8080, and our files where it says /etc/ssl. */
async function snippetOf(
  kind: ProxyKind,
  upstreamPort: number,
  certificates: string | undefined,
): Promise<string> {
  let snippet = await fenced(kind.name);
  if (!snippet.includes('127.0.0.1:8080')) throw new Error(`${kind.name} must lead to 127.0.0.1:8080`);
  if (certificates !== undefined) {
    const tls = (await fenced(`${kind.name} tls`)).replaceAll('/etc/ssl', certificates);
    if (kind.plainLine === undefined) snippet += tls;
    else if (snippet.includes(kind.plainLine)) snippet = snippet.replace(kind.plainLine, tls);
    else throw new Error(`the snippet for ${kind.name} has no line ${kind.plainLine}`);
  }
  return snippet.replaceAll('127.0.0.1:8080', `127.0.0.1:${upstreamPort}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

export interface ProxyChoice {
  /** The folder with `git.pem`, `git.key` and `git.pem.key` of a proxy that speaks TLS. */
  readonly certificates?: string | undefined;
  /** A configuration of the test's own instead of the documentation's snippet. */
  readonly own?: string | undefined;
}

/** Starts it on the snippet of the documentation, or on one of the test's own. */
export async function startProxy(
  kind: ProxyKind,
  program: string,
  upstreamPort: number,
  { certificates, own }: ProxyChoice = {},
): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), `gittyphoon-${kind.name}-`));
  const port = await freePort();
  const snippet = own ?? (await snippetOf(kind, upstreamPort, certificates));
  const { config, args } = kind.setUp({ snippet, folder, port });
  await writeFile(join(folder, 'config'), config);
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...kind.environment?.(folder) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    // Some wait for their clients for ever.
    const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(patience);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually(`${kind.name} listens`, () => {
      if (child.exitCode !== null) throw new Error(`${program} ended at once: ${said}`);
      return accepts(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}
