/** Whether the server lives, and whether it should be given requests. */
import { access, constants } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GitServer } from '../../server.js';
import { sendText } from '../send-text.js';

/** Balancers ask every few seconds, from several places; git need not be started for each. */
const gitCheckMs = 10_000;

export class Health {
  readonly #server: Pick<GitServer, 'gitVersion' | 'status'>;
  readonly #folder: string;
  #git: Promise<string | undefined> | undefined;
  #gitAsked = 0;

  constructor(server: Pick<GitServer, 'gitVersion' | 'status'>, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  /** Why it should get no requests; undefined when it is ready. */
  async problem(): Promise<string | undefined> {
    if (this.#server.status().isClosing) return 'the server is shutting down';
    try {
      await access(this.#folder, constants.R_OK | constants.X_OK);
    } catch (error) {
      return `the folder of the repositories cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    }
    return this.#gitProblem();
  }

  #gitProblem(): Promise<string | undefined> {
    const now = performance.now();
    if (!this.#git || now - this.#gitAsked > gitCheckMs) {
      this.#gitAsked = now;
      this.#git = this.#server.gitVersion().then(
        () => undefined,
        () => 'git cannot be used; the log of a request says why',
      );
    }
    return this.#git;
  }
}

/**
 * Answers `/healthz` and `/readyz`; false for everything else. git asks for nothing of that form: a repository of such a
 * name is served as any other. Strangers are not told what is wrong.
 */
export async function answerHealth(
  request: IncomingMessage,
  response: ServerResponse,
  health: Health,
  { tellsWhy }: { readonly tellsWhy: boolean },
): Promise<boolean> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const [path] = (request.url ?? '/').split('?');
  if (path === '/healthz') {
    sendText(request, response, { status: 200, text: 'ok\n' });
    return true;
  }
  if (path !== '/readyz') return false;
  const problem = await health.problem();
  if (problem === undefined) sendText(request, response, { status: 200, text: 'ready\n' });
  else
    sendText(request, response, { status: 503, text: tellsWhy ? `not ready: ${problem}\n` : 'not ready\n' });
  return true;
}
