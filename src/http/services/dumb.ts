/**
 * The dumb protocol: plain files for clients that know no smart one (gitprotocol-http, "Dumb Clients"). Refs are
 * asked of git in version 2, so that every ref backend, namespaces and broken refs are its business.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, pipeline, type TransformCallback } from 'node:stream';
import { GitTyphoonError } from '../../errors.js';
import type { GitOutput } from '../../git/output.js';
import { encodeLsRefs, parseListedRef, type ListedRef } from '../../protocol/ls-refs.js';
import { PktLineDecoder, pktText } from '../../protocol/pkt-line.js';
import { commonDirectory } from '../../repository/git-directory.js';
import { cacheForever, noCache } from '../caching.js';
import { openOutput, startGit, whenStarted, type ServiceCall } from '../call.js';
import type { GitResponse, Header } from '../exchange.js';
import { fileResponse } from '../file-response.js';
import type { DumbFile } from '../routes.js';

const plainText: Header = ['Content-Type', 'text/plain'];
const plainUtf8: Header = ['Content-Type', 'text/plain; charset=utf-8'];

/** Hidden refs are listed too: a dumb client sees every object anyway (http-backend.c: get_info_refs). */
const showHiddenRefs = [['transfer.hideRefs', '!refs']] as const;

function listRefs(call: ServiceCall, prefixes: readonly string[]): GitOutput {
  const process = startGit(call, {
    args: ['upload-pack', '--stateless-rpc', '--strict', call.repository.gitDir],
    stdin: 'pipe',
    config: showHiddenRefs,
    environment: { GIT_PROTOCOL: 'version=2' },
  });
  process.stdin?.end(encodeLsRefs(call.config.objectFormat, prefixes));
  return openOutput(call, process, { onAbandoned: () => process.stop() });
}

/** Lines of ls-refs as they come, each turned into text. */
class ListedRefs extends Transform {
  readonly #decoder = new PktLineDecoder();
  readonly #textOf: (ref: ListedRef) => string;

  constructor(textOf: (ref: ListedRef) => string) {
    super();
    this.#textOf = textOf;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      let text = '';
      for (const line of this.#decoder.decode(chunk)) {
        if (line.type !== 'data') continue;
        const content = pktText(line.payload);
        if (content.startsWith('ERR ')) throw new Error(content);
        const ref = parseListedRef(content);
        if (ref) text += this.#textOf(ref);
      }
      done(null, text);
    } catch (error) {
      done(error as Error);
    }
  }
}

/** `oid TAB ref`, and the object behind an annotated tag as `ref^{}`; HEAD has a file of its own. */
function infoRefsLine(ref: ListedRef): string {
  if (ref.refName === 'HEAD') return '';
  const peeled = ref.peeledOid === undefined ? '' : `${ref.peeledOid}\t${ref.refName}^{}\n`;
  return `${ref.oid}\t${ref.refName}\n${peeled}`;
}

/** GET info/refs without a service. */
export async function dumbRefs(call: ServiceCall): Promise<GitResponse> {
  const output = listRefs(call, []);
  await whenStarted(output, 'upload-pack');
  const stream = pipeline(output, new ListedRefs(infoRefsLine), () => {});
  const body = { kind: 'stream', stream, sentBytes: () => output.bytes } as const;
  return { status: 200, headers: [...noCache, plainText], body };
}

/** GET HEAD: `ref: …`, an object id when it is detached, nothing when its branch has no commit yet. */
export async function dumbHead(call: ServiceCall): Promise<GitResponse> {
  const output = listRefs(call, ['HEAD']);
  await whenStarted(output, 'upload-pack');
  let text = '';
  const lines = pipeline(output, new ListedRefs(headLine), () => {});
  for await (const piece of lines) text += String(piece);
  return textResponse(text, [...noCache, plainText]);
}

/** The prefix `HEAD` also lists a ref such as `HEADS`; only HEAD itself is meant. */
function headLine(ref: ListedRef): string {
  if (ref.refName !== 'HEAD') return '';
  return ref.symrefTarget === undefined ? `${ref.oid}\n` : `ref: ${ref.symrefTarget}\n`;
}

function textResponse(text: string, headers: readonly Header[]): GitResponse {
  const bytes = Buffer.from(text);
  const length: Header = ['Content-Length', String(bytes.length)];
  return { status: 200, headers: [...headers, length], body: { kind: 'bytes', bytes } };
}

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
  return textResponse(`${packs.map(({ name }) => `P ${name}\n`).join('')}\n`, [...noCache, plainUtf8]);
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
  const headers: Header[] = [...cacheForever(Date.now()), ['Content-Type', objectTypes[file]]];
  return fileResponse(call.request, absolute, headers);
}

/** Whether the dumb protocol may be used with this repository (http.getanyfile, on by default as in git). */
export function checkDumbAllowed(call: ServiceCall, enabled: boolean): void {
  if (enabled && call.config.getBoolean('http.getanyfile') !== false) return;
  throw new GitTyphoonError('ERR_SERVICE_DISABLED', { message: 'the dumb protocol is not enabled here' });
}
