/** What is not git's gets a few words in plain text, for people with a browser or curl. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parsePath } from '../repository/path.js';
import type { RepositoryStore } from '../repository/repository.js';
import { repositoryUrl } from './addresses.js';
import { printable } from './printable.js';
import { sendText } from './send-text.js';

/** The path of a request target without query, user and password, also of a URL that was pasted into it. */
export function targetPath(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.replaceAll(/\/\/[^/]*@/g, '//') || '/';
}

/** This server's URL as the client knows it. The header is the client's to choose and goes back to it alone. */
function baseUrl(request: IncomingMessage): string {
  const host = request.headers.host ?? '';
  return /^[A-Za-z0-9.[\]:_-]{1,255}$/.test(host) ? `http://${host}/` : 'http://SERVER/';
}

async function repositoryName(path: string, store: RepositoryStore): Promise<string | undefined> {
  const parts = path === '/' ? [] : parsePath(path.replace(/\/$/, ''));
  return parts && (await store.find(parts.join('/')))?.name;
}

async function textFor(
  request: IncomingMessage,
  store: RepositoryStore,
): Promise<{ status: number; lines: string[] }> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 404, lines: ['There is nothing here. This is GitTyphoon, a server for git.'] };
  }
  const path = targetPath(request.url ?? '/');
  const base = baseUrl(request);
  const name = await repositoryName(path, store);
  if (name !== undefined) {
    const title = name === '' ? 'This is a git repository' : `This is the git repository ${printable(name)}`;
    return {
      status: 200,
      lines: [`${title}, served by GitTyphoon.`, '', `git clone ${repositoryUrl(base, name)}`],
    };
  }
  const hint = ['To clone a repository, give its path below this address:', '', `git clone ${base}NAME.git`];
  if (path === '/') return { status: 200, lines: ['This is GitTyphoon, a server for git.', ...hint] };
  return {
    status: 404,
    lines: ['There is no repository here. This is GitTyphoon, a server for git.', ...hint],
  };
}

/** Answers a request that is not git's. */
export async function answerLanding(
  request: IncomingMessage,
  response: ServerResponse,
  store: RepositoryStore,
): Promise<void> {
  const { status, lines } = await textFor(request, store);
  sendText(request, response, { status, text: `${lines.join('\n')}\n` });
}
