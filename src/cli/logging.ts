/** One line for every request, push and error. Nothing secret goes in: no header, no query, no password. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pino, type Logger } from 'pino';
import type { CreateEvent, ErrorEvent, PushEvent, RefUpdateResult, RequestEvent } from '../events.js';
import { GitTyphoonError } from '../errors.js';
import type { GitServer } from '../server.js';
import { targetPath } from './landing.js';
import type { LiveLine } from './observation/live-line.js';
import { printable } from './printable.js';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A push of ten thousand refs is one line all the same. */
const maxRefs = 20;

const maxErrorCharacters = 20_000;

/** A logger on standard error: for people at a terminal, above its live line, and as JSON lines elsewhere. */
export async function createLogger(level: LogLevel, line?: LiveLine): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  const colorize = !process.env['NO_COLOR'];
  // The message says it all; the fields beside it are for programs.
  const destination = line?.above(process.stderr) ?? 2;
  return pino(options, pretty({ destination, sync: true, colorize, include: 'level,time,err' }));
}

/** Milliseconds of each stage, to a tenth; what came several times is added up. */
function stageTimes({ stages }: RequestEvent): Record<string, number> {
  const times: Record<string, number> = {};
  for (const { stage, durationMs } of stages) times[stage] = (times[stage] ?? 0) + durationMs;
  return Object.fromEntries(Object.entries(times).map(([stage, ms]) => [stage, Math.round(ms * 10) / 10]));
}

function logRequest(log: Logger, event: RequestEvent): void {
  const { context, user, repository, status, responseBytes: bytes, requestBytes, aborted } = event;
  const { failure, refCount, gitExit: exit, cache } = event;
  const path = printable(context.path);
  const ms = Math.round(event.durationMs);
  const what = context.phase === 'discovery' ? `${context.service} info/refs` : context.service;
  const who = user ? ` by ${printable(user.name)}` : '';
  const end = aborted ? ', broken off' : '';
  log.info(
    {
      request: context.id,
      method: context.method,
      path,
      ...(repository && repository.name !== context.path ? { repository: printable(repository.name) } : {}),
      service: context.service,
      phase: context.phase,
      protocol: context.protocolVersion,
      status,
      ...(failure === undefined ? {} : { code: failure }),
      bytes,
      ...(requestBytes > 0 ? { requestBytes } : {}),
      ...(refCount === undefined ? {} : { refCount }),
      ms,
      stages: stageTimes(event),
      ...(exit === undefined ? {} : { exit }),
      ...(cache === undefined ? {} : { cache }),
      ...(user ? { user: printable(user.name) } : {}),
      address: context.remoteAddress,
      ...(aborted ? { aborted } : {}),
    },
    `${context.method} /${path} ${what}: ${status}, ${bytes} bytes in ${ms} ms${end}${who} from ${context.remoteAddress ?? 'nowhere'}`,
  );
}

function describeUpdate({ refName, oldOid, newOid, result }: RefUpdateResult): Record<string, string> {
  return {
    ref: printable(refName),
    old: oldOid,
    new: newOid,
    result: result.status,
    ...('reason' in result ? { reason: printable(result.reason) } : {}),
  };
}

function logPush(log: Logger, event: PushEvent): void {
  const { context, user, repository, updates, unpack } = event;
  const refs = updates.slice(0, maxRefs).map(describeUpdate);
  const name = printable(repository.name);
  const shown = refs.map(({ ref, result, reason }) => `${ref} ${result}${reason ? ` (${reason})` : ''}`);
  const more = updates.length > maxRefs ? ` and ${updates.length - maxRefs} more` : '';
  const who = user ? printable(user.name) : 'anonymous';
  log.info(
    {
      request: context.id,
      repository: name,
      user: who,
      address: context.remoteAddress,
      refs,
      refCount: updates.length,
      ...(unpack === undefined ? {} : { unpack: printable(unpack) }),
    },
    `push to /${name} by ${who}: ${shown.join(', ')}${more}`,
  );
}

function logCreate(log: Logger, { context, user, repository }: CreateEvent): void {
  const name = printable(repository.name);
  const who = user ? printable(user.name) : 'anonymous';
  const { id: request, remoteAddress: address } = context;
  log.info({ request, repository: name, user: who, address }, `/${name} created by ${who}`);
}

/** What git said may be a client's words; at a terminal these lines are shown as they are. */
function printableError(error: unknown): unknown {
  if (!(error instanceof Error)) return printable(String(error), maxErrorCharacters);
  const lines = (error.stack ?? error.message).slice(0, maxErrorCharacters).split('\n');
  const cause = error.cause === undefined ? {} : { cause: printableError(error.cause) };
  return {
    type: error.name,
    message: printable(error.message, maxErrorCharacters),
    stack: lines.map((line) => printable(line, maxErrorCharacters)).join('\n'),
    ...cause,
  };
}

function logError(log: Logger, { error, context }: ErrorEvent): void {
  const path = context && printable(context.path);
  const code = error instanceof GitTyphoonError ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof GitTyphoonError ? error.cause : undefined;
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const where = path === undefined ? '' : `/${path}: `;
  log.error(
    { request: context?.id, path, code, err: printableError(error) },
    printable(where + text + why, 2_000),
  );
}

/** Logs what a server reports. */
export function logEvents(server: GitServer, log: Logger): void {
  server.on('request', (event) => logRequest(log, event));
  server.on('push', (event) => logPush(log, event));
  server.on('create', (event) => logCreate(log, event));
  server.on('error', (event) => logError(log, event));
}

/** Logs a request that is not git's, once it is answered. */
export function logLanding(
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  address: string | undefined,
): void {
  const began = performance.now();
  response.once('close', () => {
    const path = printable(targetPath(request.url ?? '/'));
    const ms = Math.round(performance.now() - began);
    const { method } = request;
    const { statusCode: status } = response;
    log.info(
      { method, path, status, ms, address },
      `${method} ${path}: ${status} in ${ms} ms from ${address ?? 'nowhere'}`,
    );
  });
}

/** Logs that a file which has changed cannot be used. */
export function logFileProblem(
  log: Logger,
  file: string,
): (problem: Error & { readonly line: number | undefined }) => void {
  return ({ message, line }) => log.error({ file, line }, `${message}; what was read before stays in force`);
}
