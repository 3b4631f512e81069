/**
 * The dumb protocol's files, for clients that know no smart protocol (gitprotocol-http, "Dumb Clients"). Its refs are in
 * `dumb-refs.ts`.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GitTyphoonError } from '../../errors.js';
import { commonDirectory } from '../../repository/git-directory.js';
import { cacheForever, noCache } from '../caching.js';
import type { ServiceCall } from '../call.js';
import { bytesResponse, type GitResponse, type Header } from '../exchange.js';
import { fileResponse } from '../file-response.js';
import type { DumbFile } from '../routes.js';

const plainText: Header = ['Content-Type', 'text/plain'];
const plainUtf8: Header = ['Content-Type', 'text/plain; charset=utf-8'];

/** GET objects/info/packs: the packs, youngest first as git orders them (packfile.c: sort_pack). */
export async function dumbPacks(call: ServiceCall): Promise<GitResponse> {
  const directory = join(await commonDirectory(call.repository.gitDir), 'objects', 'pack');
  const names = new Set(await readdir(directory).catch(() => []));
  const packs: { name: string; modified: number }[] = [];
  for (const name of names) {
    if (!/^pack-.*\.pack$/.test(name) || !names.has(name.replace(/pack$/, 'idx'))) continue;
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found) packs.push({ name, modified: Math.floor(found.mtimeMs / 1000) });
  }
  packs.sort((a, b) => b.modified - a.modified);
  const lines = packs.map(({ name }) => `P ${name}\n`);
  return bytesResponse(Buffer.from(`${lines.join('')}\n`), [...noCache, plainUtf8]);
}

const objectTypes: Readonly<Record<Exclude<DumbFile, 'alternates'>, string>> = {
  'loose-object': 'application/x-git-loose-object',
  pack: 'application/x-git-packed-objects',
  'pack-index': 'application/x-git-packed-objects-toc',
};

/** GET objects/…: files, sent as they are. */
export async function dumbFile(call: ServiceCall, file: DumbFile, path: string): Promise<GitResponse> {
  const absolute = join(await commonDirectory(call.repository.gitDir), path);
  if (file === 'alternates') return fileResponse(call.request, absolute, [...noCache, plainText]);
  const headers: Header[] = [...cacheForever(Date.now(), call.isPublic), ['Content-Type', objectTypes[file]]];
  return fileResponse(call.request, absolute, headers);
}

/**
 * Whether the dumb protocol may be used with this repository: http.getanyfile, on by default as in git, and git's trust
 * in who owns the repository.
 */
export async function checkDumbAllowed(call: ServiceCall): Promise<void> {
  const isAllowed = call.dumbHttp && call.config.getBoolean('http.getanyfile') !== false;
  if (isAllowed) return call.ownership.require(call.repository, call.environment);
  throw new GitTyphoonError('ERR_SERVICE_DISABLED', { message: 'the dumb protocol is not enabled here' });
}
