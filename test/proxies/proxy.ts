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
  /** The main configuration around the snippet, and how the program is started with it. */
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

/** The snippet, with our address where the document says 127.0.0.1:8080. */
async function snippetOf(kind: ProxyKind, upstreamPort: number): Promise<string> {
  const text = await readFile(new URL('../../docs/reverse-proxies.md', import.meta.url), 'utf8');
  const snippets = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(
    ([, language]) => language === kind.name,
  );
  const snippet = snippets[0]?.[2];
  if (snippets.length !== 1 || !snippet?.includes('127.0.0.1:8080')) {
    throw new Error(
      `docs/reverse-proxies.md must hold one snippet for ${kind.name} that leads to 127.0.0.1:8080`,
    );
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

/** Starts it on the snippet of the documentation, or on one of the test's own. */
export async function startProxy(
  kind: ProxyKind,
  program: string,
  upstreamPort: number,
  own?: string,
): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), `gittyphoon-${kind.name}-`));
  const port = await freePort();
  const snippet = own ?? (await snippetOf(kind, upstreamPort));
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
    await ended;
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
