import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hermetic } from './fixtures.js';

export interface CgiHostOptions {
  /** GIT_PROJECT_ROOT. */
  readonly root: string;
  /** Default true: GIT_HTTP_EXPORT_ALL. */
  readonly exportAll?: boolean;
  /** REMOTE_USER: the web server has authenticated somebody. */
  readonly remoteUser?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly gitCommand?: string;
}

export interface CgiHost {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The variables of a CGI request (RFC 3875, section 4.1), as web servers set them for git http-backend. */
function cgiVariables(request: IncomingMessage, options: CgiHostOptions): Record<string, string> {
  const url = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  const question = url.indexOf('?');
  const variables: Record<string, string> = {
    ...hermetic,
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: decodedPath(question < 0 ? url : url.slice(0, question)),
    QUERY_STRING: question < 0 ? '' : url.slice(question + 1),
    REMOTE_ADDR: '127.0.0.1',
    GIT_PROJECT_ROOT: options.root,
  };
  if (options.exportAll !== false) variables['GIT_HTTP_EXPORT_ALL'] = '1';
  if (options.remoteUser !== undefined) variables['REMOTE_USER'] = options.remoteUser;
  const { headers } = request;
  if (headers['content-type'] !== undefined) variables['CONTENT_TYPE'] = headers['content-type'];
  if (headers['content-length'] !== undefined) variables['CONTENT_LENGTH'] = headers['content-length'];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== 'proxy') {
      variables[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = String(value);
    }
  }
  return { ...variables, ...options.env };
}

function splitCgiHead(output: Buffer): { head: string; bodyStart: number } | undefined {
  const match = /\r?\n\r?\n/.exec(output.toString('latin1'));
  if (!match) return undefined;
  return { head: output.toString('latin1', 0, match.index), bodyStart: match.index + match[0].length };
}

function answer(output: Buffer, response: ServerResponse): void {
  const split = splitCgiHead(output);
  if (!split) {
    response.writeHead(500).end();
    return;
  }
  response.statusCode = 200;
  for (const line of split.head.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(output.subarray(split.bodyStart));
}

/** Runs the real `git http-backend` as a CGI program on a free port: the reference of the differential tests. */
export async function startCgiHost(options: CgiHostOptions): Promise<CgiHost> {
  const server = createServer((request, response) => {
    const variables = cgiVariables(request, options);
    // No variable can hold a NUL; web servers refuse such a request before they start a program.
    if (variables['PATH_INFO']?.includes('\0')) {
      response.writeHead(400).end();
      return;
    }
    const child = spawn(options.gitCommand ?? 'git', ['http-backend'], {
      env: variables,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdout.once('close', () => answer(Buffer.concat(chunks), response));
    request.pipe(child.stdin);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
