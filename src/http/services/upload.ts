/** upload-pack and upload-archive: a small request that is read whole, and a large answer that is streamed. */
import { gitFailure } from '../../git/failure.js';
import type { GitOutput } from '../../git/output.js';
import type { GitExit, GitProcess } from '../../git/process.js';
import { SocketStdout } from '../../git/stdout.js';
import { encodeErrorPacket } from '../../protocol/advertisement.js';
import { parseFetchRequest, type FetchRequest } from '../../protocol/fetch-request.js';
import { PackDetector } from '../../protocol/fetch-response.js';
import { flushPkt } from '../../protocol/pkt-line.js';
import { commandOf, type Service } from '../../protocol/service.js';
import { readBody } from '../body.js';
import { openOutput, startGit, whenStarted, type ServiceCall } from '../call.js';
import type { GitResponse } from '../exchange.js';
import { asFailure, errorPacketResponse, isServerFault } from '../failures.js';
import { Spool } from '../spool.js';
import { checkRequestType, emptyResult, streamedResult } from './rpc.js';

type UploadService = Extract<Service, 'git-upload-pack' | 'git-upload-archive'>;

/** upload-archive knows no `--stateless-rpc`: its conversation is one request and one answer anyway. */
function argumentsOf(service: UploadService, gitDir: string): string[] {
  if (service === 'git-upload-archive') return ['upload-archive', gitDir];
  return ['upload-pack', '--stateless-rpc', '--strict', gitDir];
}

function isProbe(spool: Spool): boolean {
  if (spool.size !== flushPkt.length) return false;
  const source = spool.source();
  return 'bytes' in source && source.bytes.equals(flushPkt);
}

async function spoolRequest(call: ServiceCall): Promise<Spool> {
  const { limits, request } = call;
  const spool = new Spool({
    thresholdBytes: limits.spoolThresholdBytes,
    directory: limits.temporaryDirectory,
  });
  try {
    const bounds = { maxBytes: limits.maxFetchRequestBytes, idleTimeoutMs: limits.requestIdleTimeoutMs };
    await readBody(request, bounds, (chunk) => spool.add(chunk));
  } catch (error) {
    await spool.dispose();
    throw error;
  }
  return spool;
}

async function startWith(call: ServiceCall, service: UploadService, spool: Spool): Promise<GitProcess> {
  const args = argumentsOf(service, call.repository.gitDir);
  const source = spool.source();
  const stdout = await SocketStdout.open(call.limits.temporaryDirectory);
  if ('fd' in source) return startGit(call, { args, stdin: source.fd, stdout });
  const process = startGit(call, { args, stdin: 'pipe', stdout });
  process.stdin?.end(source.bytes);
  return process;
}

/** Reports a fetch once its pack has gone out whole. */
function reportFetch(
  call: ServiceCall,
  git: GitProcess,
  output: GitOutput,
  asked: FetchRequest,
  pack: PackDetector,
): void {
  output.once('end', async () => {
    const exit = await git.exited;
    if (exit.code !== 0 || asked.command !== 'fetch' || !pack.found) return;
    const { context, user, repository } = call;
    call.observers.emit('fetch', {
      context,
      user,
      repository,
      request: asked,
      responseBytes: output.pushedBytes,
    });
  });
}

/**
 * A git that fails behind its first words and before its pack (upload-pack.c: die) says why on standard error alone.
 * Its client would tell its user that the server had hung up.
 */
function completeAnswer(service: UploadService, pack: PackDetector, exit: GitExit): Buffer | undefined {
  if (exit.code === 0 || service === 'git-upload-archive' || !pack.takesError) return undefined;
  return encodeErrorPacket(gitFailure(commandOf(service), exit).message);
}

/** POST git-upload-pack and git-upload-archive. */
export async function upload(call: ServiceCall, service: UploadService): Promise<GitResponse> {
  checkRequestType(call, service);
  const spool = await spoolRequest(call);
  try {
    if (isProbe(spool)) return emptyResult(service);
    const asked = await parseFetchRequest(spool.read());
    const pack = new PackDetector();
    const process = await startWith(call, service, spool);
    const output = openOutput(call, commandOf(service), process, {
      onData: (chunk) => pack.feed(chunk),
      complete: (exit) => completeAnswer(service, pack, exit),
      onAbandoned: () => process.stop(),
    });
    if (service === 'git-upload-pack') reportFetch(call, process, output, asked, pack);
    return await answer(call, service, output);
  } finally {
    await spool.dispose();
  }
}

async function answer(call: ServiceCall, service: UploadService, output: GitOutput): Promise<GitResponse> {
  try {
    await whenStarted(call, output, commandOf(service));
    return streamedResult(service, output);
  } catch (error) {
    const failure = asFailure(error);
    if (isServerFault(failure)) call.observers.emit('error', { error: failure, context: call.context });
    return errorPacketResponse(service, failure);
  }
}
