/** Opening the port, and the URLs by which it is reached. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CommandError } from './command-error.js';

interface Place {
  readonly host: string | undefined;
  readonly port: number;
}

/** Why a port cannot be opened, and what to do. */
export function explainListenFailure(error: NodeJS.ErrnoException, { host, port }: Place): CommandError {
  const where = host === undefined ? '' : ` on ${host}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new CommandError(
        1,
        `port ${port}${where} is in use; end what uses it, choose another with --port, or take a free one with --port 0`,
      );
    case 'EACCES':
      return new CommandError(
        1,
        `not allowed to listen on port ${port}${where}; choose one above 1023 with --port, and put a proxy before it if need be`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new CommandError(
        1,
        `--host ${host ?? ''} is no address of this machine; give one of its own, or leave it out to listen on all`,
      );
    default:
      return new CommandError(1, `cannot listen on port ${port}${where}: ${error.message}`, error);
  }
}

/** Listens; resolves with the port. Rejects with the system's own error. */
export function listenAt(server: Server, { host, port }: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Listens for git's clients; resolves with the port. */
export function listen(server: Server, place: Place): Promise<number> {
  return listenAt(server, place).catch((error: NodeJS.ErrnoException) => {
    throw explainListenFailure(error, place);
  });
}

function isWildcard(host: string | undefined): boolean {
  return host === undefined || host === '0.0.0.0' || /^[0:]*::[0:]*$/.test(host);
}

function urlOf(host: string, port: number): string {
  const shown = host.includes(':') ? `[${host.replace('%', '%25')}]` : host;
  return `http://${shown}${port === 80 ? '' : `:${port}`}/`;
}

/** The URLs of a listening server: first one that works on this machine, then some for others in its network. */
export function reachableUrls({ host, port }: Place): readonly string[] {
  if (host !== undefined && !isWildcard(host)) return [urlOf(host, port)];
  const addresses = Object.values(networkInterfaces())
    .flatMap((known) => known ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => urlOf(address, port));
  return [urlOf('localhost', port), ...addresses.slice(0, 3)];
}

/** The URL of a repository below a server's. */
export function repositoryUrl(base: string, name: string): string {
  return base + name.split('/').map(encodeURIComponent).join('/');
}

/** Addresses for which many users may stand: a proxy on this machine, and those that are trusted. */
export function sharedAddresses(trustedProxies: readonly string[] = []): readonly string[] {
  return ['127.0.0.0/8', '::1', ...trustedProxies];
}
