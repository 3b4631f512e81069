/** A server that has run out of file descriptors: requests fail, the server lives. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { openRaw, rawRequest, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

it('lives on when the system has no descriptor left for git, and serves again when there are some', async ({
  onTestFinished,
}) => {
  const folder = makeTempDir();
  onTestFinished(() => folder.dispose());
  await makeBareRepository(join(folder.path, 'app.git'));
  const limited = 'ulimit -n 256; exec "$0" "$@"';
  const args = [main, folder.path, '--host', '127.0.0.1', '--port', '0'];
  const server = spawn('sh', ['-c', limited, process.execPath, ...args]);
  onTestFinished(() => void server.kill('SIGKILL'));
  let said = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const port = (): number => Number(/^Listening on http:\/\/127\.0\.0\.1:(\d+)\//m.exec(said)?.[1] ?? 0);
  await eventually('it listens', () => port() > 0);
  const url = `http://127.0.0.1:${port()}/app.git`;
  await gitOk(['ls-remote', url]);
  const request = { port: port(), path: '/app.git/info/refs?service=git-upload-pack' };

  const statuses = new Set<number>();
  const idle: RawConnection[] = [];
  // One connection more each time, until there are none left for git, and for a while beyond that.
  for (
    let count = 0;
    count < 260 && [...statuses].filter((status) => status !== 200).length < 2;
    count += 1
  ) {
    idle.push(await openRaw(port()));
    const answer = await Promise.race([
      rawRequest(request),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 500)),
    ]);
    statuses.add(answer?.status ?? 0);
  }
  expect(statuses).toContain(200);
  // The system says EMFILE, or EBADF where a pipe was opened only in part.
  expect([...statuses].filter((status) => status === 500 || status === 503)).not.toEqual([]);
  expect(said).toMatch(/EMFILE|EBADF|ENFILE/);
  expect(server.exitCode).toBe(null);

  for (const connection of idle) connection.destroy();
  await eventually('it serves again', async () => (await rawRequest(request)).status === 200);
  await gitOk(['clone', '-q', url, join(folder.path, 'copy')]);
  expect(said).not.toMatch(/unexpected failure|unhandled/i);
  server.kill('SIGTERM');
  await eventually('it ends as ever', () => server.exitCode === 0);
});
