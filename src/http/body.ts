/** Request bodies: length, content coding, size and pace are checked here and nowhere else. */
import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { GitTyphoonError } from '../errors.js';
import { hastenCollection } from './collection.js';
import type { Deadline } from './deadline.js';
import { sizeText } from '../size-text.js';
import { headerValue, type GitRequest } from './exchange.js';

export interface BodyLimits {
  /** The most bytes a body may have, as sent and also once inflated. */
  readonly maxBytes: number;
  /** How long the client may send nothing at all, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** By when it must have come. */
  readonly deadline?: Deadline | undefined;
  /** Told of bytes that have come, as they were sent. */
  readonly onReceived?: ((bytes: number) => void) | undefined;
}

/** Takes a chunk; a promise holds the next one back until it resolves. */
export type ChunkSink = (chunk: Buffer) => Promise<void> | undefined;

export function tooLarge(maxBytes: number): GitTyphoonError {
  return new GitTyphoonError('ERR_BODY_TOO_LARGE', {
    message: `the request body is larger than the ${sizeText(maxBytes)} that this server accepts`,
  });
}

/** Whether the body is compressed; throws for an encoding that we do not read. */
function isCompressed(request: GitRequest): boolean {
  const encoding = headerValue(request.headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return true;
  if (encoding === 'identity' || encoding === '') return false;
  throw new GitTyphoonError('ERR_CONTENT_ENCODING');
}

/** The checks that need no byte of the body: codings, length and framing. */
function checkBodyHeaders(request: GitRequest, maxBytes: number): void {
  // Of `gzip, chunked` our host takes off the chunks only (RFC 9112, section 6.1).
  const transfer = headerValue(request.headers, 'transfer-encoding')?.trim().toLowerCase() ?? 'chunked';
  if (transfer !== 'chunked') throw new GitTyphoonError('ERR_TRANSFER_CODING');
  isCompressed(request);
  const length = headerValue(request.headers, 'content-length');
  if (request.httpVersion === '1.0' && length === undefined) throw new GitTyphoonError('ERR_LENGTH_UNKNOWN');
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
}

function gzipFailure(error: Error & { code?: string }): GitTyphoonError {
  const truncated = error.code === 'Z_BUF_ERROR';
  return new GitTyphoonError(truncated ? 'ERR_BODY_TRUNCATED' : 'ERR_BODY_NOT_GZIP', {
    cause: error,
    ...(truncated ? { message: 'the gzip data of the request body ended too early' } : {}),
  });
}

interface Consumption {
  readonly sink: ChunkSink;
  readonly idleTimeoutMs?: number;
  readonly deadline?: Deadline | undefined;
  /** What a failure of the stream means. */
  readonly failure: (error: Error) => Error;
  /** When this rejects, nothing more is taken. */
  readonly whileGood?: Promise<unknown>;
}

/**
 * Gives every chunk of `stream` to the sink and resolves at its end. The idle timer counts only while we wait for
 * the stream: time that a sink takes is not the client's fault.
 */
function consume(stream: Readable, consumption: Consumption): Promise<void> {
  const { sink, idleTimeoutMs, deadline, failure, whileGood } = consumption;
  return new Promise((resolve, reject) => {
    // A client that has left before anybody listened: none of the events below would come any more.
    if (stream.destroyed) {
      reject(failure(stream.errored ?? new Error('closed before it was read')));
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    let isSettled = false;
    let hasEnded = false;
    let pending: Promise<void> | undefined;
    const watch = (): void => {
      if (idleTimeoutMs === undefined) return;
      timer = setTimeout(() => settle(new GitTyphoonError('ERR_BODY_TIMEOUT')), idleTimeoutMs);
    };
    const settle = (error?: Error): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      forgetDeadline?.();
      stream.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      stream.on('error', () => {});
      if (error) stream.pause();
      if (error) reject(error);
      else resolve();
    };
    const onData = (chunk: Buffer): void => {
      timer?.refresh();
      hastenCollection();
      try {
        const wait = sink(chunk);
        if (!wait) return;
        clearTimeout(timer);
        stream.pause();
        pending = wait;
        wait.then(() => {
          pending = undefined;
          if (isSettled || hasEnded) return;
          watch();
          stream.resume();
        }, settle);
      } catch (error) {
        settle(error as Error);
      }
    };
    // The end comes also while the last chunk is still being taken, and that may fail.
    const onEnd = (): void => {
      hasEnded = true;
      clearTimeout(timer);
      stream.off('close', onClose);
      if (pending) pending.then(() => settle(), settle);
      else settle();
    };
    const onError = (error: Error): void => settle(failure(error));
    const onClose = (): void => settle(failure(new Error('closed before its end')));
    stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    whileGood?.catch(settle);
    const forgetDeadline = deadline?.watch(() => settle(deadline.failure()));
    watch();
  });
}

/** Reads the whole body, decoded, into `sink`; what goes wrong with it is a {@link GitTyphoonError}. */
export async function readBody(request: GitRequest, limits: BodyLimits, sink: ChunkSink): Promise<void> {
  checkBodyHeaders(request, limits.maxBytes);
  const compressed = isCompressed(request);
  request.continueBody();
  const countSent = countTo(limits.maxBytes);
  const count = (chunk: Buffer): void => {
    limits.onReceived?.(chunk.length);
    countSent(chunk);
  };
  const fromClient = {
    idleTimeoutMs: limits.idleTimeoutMs,
    deadline: limits.deadline,
    failure: (cause: Error) => new GitTyphoonError('ERR_BODY_TRUNCATED', { cause }),
  };
  if (!compressed) {
    await consume(request.body, { ...fromClient, sink: (chunk) => (count(chunk), sink(chunk)) });
    return;
  }
  const gunzip = createGunzip();
  const countInflated = countTo(limits.maxBytes);
  const inflated = consume(gunzip, {
    sink: (chunk) => (countInflated(chunk), sink(chunk)),
    failure: gzipFailure,
  });
  // Nobody looks at it when the body has broken off before the first byte was taken.
  inflated.catch(() => {});
  const fill: ChunkSink = (chunk) => {
    count(chunk);
    return gunzip.write(chunk) ? undefined : whenWritable(gunzip);
  };
  try {
    await consume(request.body, { ...fromClient, sink: fill, whileGood: inflated });
    gunzip.end();
    await inflated;
  } finally {
    gunzip.destroy();
  }
}

/** Resolves when there is room for more, and also when there never will be. */
function whenWritable(stream: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    const proceed = (): void => {
      stream.off('drain', proceed).off('close', proceed);
      resolve();
    };
    stream.on('drain', proceed).on('close', proceed);
  });
}

function countTo(maxBytes: number): (chunk: Buffer) => void {
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
  };
}
