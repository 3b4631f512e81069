// The built command, as operators start it, and what its log says.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

/** Starts the server on a free port; `log` gathers what it reports. */
export async function startServed(stage) {
  const args = [main, 'serve', stage.repositories, '--accessfile', stage.accessFile];
  const child = spawn(process.execPath, [...args, '--host', '127.0.0.1', '--port', '0'], {
    env: { PATH: process.env.PATH, HOME: stage.clients, TMPDIR: stage.temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = { requests: 0, brokenOff: 0, statuses: {}, errors: [] };
  createInterface({ input: child.stderr }).on('line', (line) => note(log, line));
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  const port = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more) => {
      text += more;
      const found = /^Listening on http:\/\/127\.0\.0\.1:(\d+)\//m.exec(text);
      if (found) resolve(Number(found[1]));
    });
    void ended.then(() => reject(new Error(`the server did not start: ${text}${log.errors.join('\n')}`)));
  });
  return {
    pid: child.pid,
    port,
    log,
    url: (user = '') => `http://${user && `${user}@`}127.0.0.1:${port}`,
    /** Ends it as a supervisor does; resolves with its exit code. */
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function note(log, line) {
  let entry;
  try {
    entry = JSON.parse(line);
  } catch {
    log.errors.push(line);
    return;
  }
  if (entry.level === 'error' || entry.level === 'fatal') log.errors.push(`the server's log: ${entry.msg}`);
  if (entry.service === undefined || entry.status === undefined) return;
  log.requests += 1;
  log.statuses[entry.status] = (log.statuses[entry.status] ?? 0) + 1;
  if (entry.aborted) log.brokenOff += 1;
}
