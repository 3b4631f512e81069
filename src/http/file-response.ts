/** A file as an answer: Last-Modified, If-Modified-Since, Range and If-Range (RFC 9110, sections 13 and 14). */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { GitTyphoonError } from '../errors.js';
import { emptyBody, headerValue, type GitRequest, type GitResponse, type Header } from './exchange.js';

export interface ByteRange {
  readonly start: number;
  /** The last byte, included. */
  readonly end: number;
}

/**
 * The range that a client asks for. Undefined stands for the whole file: there is no such header, it is not
 * understood, or it asks for several ranges, which a server may ignore. Throws when the range lies outside.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = header === undefined ? null : /^bytes=(\d*)-(\d*)$/i.exec(header.trim());
  if (!match) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined;
  if (start >= size) {
    throw new GitTyphoonError('ERR_RANGE', { headers: [['Content-Range', `bytes */${size}`]] });
  }
  return { start, end };
}

async function openFile(path: string): Promise<{ file: FileHandle; size: number; modified: number }> {
  // No link as the last step: a repository may not point at other files of this machine.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => {
      const isMissing = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(cause.code ?? '');
      throw new GitTyphoonError(isMissing ? 'ERR_NOT_FOUND' : 'ERR_INTERNAL', {
        cause,
        ...(isMissing ? { message: 'file not found' } : {}),
      });
    },
  );
  const found = await file.stat();
  if (!found.isFile()) {
    await file.close();
    throw new GitTyphoonError('ERR_NOT_FOUND', { message: 'file not found' });
  }
  return { file, size: found.size, modified: Math.floor(found.mtimeMs / 1000) * 1000 };
}

function isUnmodified(request: GitRequest, modified: number): boolean {
  // Whoever asks by tag as well is not to be answered by date (RFC 9110, section 13.1.3); we give no tags.
  if (headerValue(request.headers, 'if-none-match') !== undefined) return false;
  const since = Date.parse(headerValue(request.headers, 'if-modified-since') ?? '');
  return modified <= since;
}

/** Without If-Range, or with the date that we gave, the range holds; otherwise the file is sent whole. */
function wantedRange(request: GitRequest, size: number, modified: number): ByteRange | undefined {
  // Ranges are defined for GET alone (RFC 9110, section 14.2).
  if (request.method !== 'GET') return undefined;
  const condition = headerValue(request.headers, 'if-range');
  if (condition !== undefined && Date.parse(condition) !== modified) return undefined;
  return parseRange(headerValue(request.headers, 'range'), size);
}

/** The file at `path` with the given headers, or what the request's conditions make of it. */
export async function fileResponse(
  request: GitRequest,
  path: string,
  headers: readonly Header[],
): Promise<GitResponse> {
  const { file, size, modified } = await openFile(path);
  const validators: Header[] = [['Last-Modified', new Date(modified).toUTCString()]];
  try {
    if (isUnmodified(request, modified)) {
      await file.close();
      return { status: 304, headers: [...headers, ...validators], body: emptyBody };
    }
    const range = wantedRange(request, size, modified);
    const { start, end } = range ?? { start: 0, end: size - 1 };
    const all: Header[] = [...headers, ...validators, ['Content-Length', String(end - start + 1)]];
    if (range) all.push(['Content-Range', `bytes ${start}-${end}/${size}`]);
    if (size === 0 || request.method === 'HEAD') {
      await file.close();
      return { status: range ? 206 : 200, headers: all, body: emptyBody };
    }
    const stream = file.createReadStream({ start, end, highWaterMark: 256 * 1024 });
    const body = { kind: 'stream', stream, sentBytes: () => stream.bytesRead } as const;
    return { status: range ? 206 : 200, headers: all, body };
  } catch (error) {
    await file.close();
    throw error;
  }
}
