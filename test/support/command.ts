/** The command `gittyphoon` as a process of its own, as its users run it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandOptions {
  /** Beside PATH and nothing else. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What comes through its standard input. */
  readonly input?: string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is listening. */
export interface RunningCommand {
  readonly pid: number;
  /** With a final slash. */
  readonly url: string;
  readonly port: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly hasEnded: () => boolean;
  readonly ended: Promise<CommandResult>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it, and waits for that. */
  stop(): Promise<CommandResult>;
}

interface Started {
  readonly child: ChildProcess;
  readonly text: { stdout: string; stderr: string };
  readonly ended: Promise<CommandResult>;
}

function start(args: readonly string[], { env, cwd, input }: CommandOptions): Started {
  if (!existsSync(main)) throw new Error('the command is not built; run "npm run build" first');
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  // A command that ends without reading its input breaks the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  return { child, text, ended };
}

/** Runs the command to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return start(args, options).ended;
}

/** Starts a server on a free port of 127.0.0.1 and waits until it listens. */
export async function startCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<RunningCommand> {
  const { child, text, ended } = start([...args, '--host', '127.0.0.1', '--port', '0'], options);
  const state = { hasEnded: false };
  void ended.then(() => {
    state.hasEnded = true;
  });
  // Its last line, so that all of them are there.
  while (!state.hasEnded && !/^Clone with: .*\n/m.test(text.stdout)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [, url = '', port = ''] = /^Listening on (http:\/\/127\.0\.0\.1:(\d+)\/)/m.exec(text.stdout) ?? [];
  if (state.hasEnded || url === '') {
    child.kill('SIGKILL');
    throw new Error(`the command did not start: ${text.stdout}${text.stderr}`);
  }
  return {
    pid: child.pid ?? 0,
    url,
    port: Number(port),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    hasEnded: () => state.hasEnded,
    ended,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What a command has logged so far; fails where it has written anything else to standard error. */
export function logLines({ stderr }: Pick<RunningCommand, 'stderr'>): LogLine[] {
  return stderr()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}
