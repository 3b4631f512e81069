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
import { openOutput, startGit, whenStarted, type ServiceCall } from '../call.js';
import type { GitResponse } from '../exchange.js';
import { kindOfFetch, type GitKind } from '../admission/kinds.js';
import { asFailure, errorPacketResponse, isServerFault } from '../failures.js';
import { Spool } from '../spool.js';
import { checkRequestType, emptyResult, readRequest, streamedResult } from './rpc.js';

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
  const { limits } = call;
  const spool = new Spool({
    thresholdBytes: limits.spoolThresholdBytes,
    directory: limits.temporaryDirectory,
    budget: call.spoolBudget,
  });
  try {
    await readRequest(call, limits.maxFetchRequestBytes, (chunk) => spool.add(chunk));
  } catch (error) {
    await spool.dispose();
    throw error;
  }
  return spool;
}

async function startWith(
  call: ServiceCall,
  service: UploadService,
  kind: GitKind,
  spool: Spool,
): Promise<GitProcess> {
  const args = argumentsOf(service, call.repository.gitDir);
  // Asked once: a body that has just arrived may still be on its way to the disk, and be both, one after the other.
  const source = spool.source();
  const process = await startGit(call, kind, async () => {
    const stdout = await SocketStdout.open(call.limits.temporaryDirectory);
    return { args, stdin: 'fd' in source ? source.fd : 'pipe', stdout };
  });
  if ('bytes' in source) process.stdin?.end(source.bytes);
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

/** git was ended in the middle of its answer. */
function lastWords(service: UploadService, pack: PackDetector, reason: Error): Buffer | undefined {
  if (service === 'git-upload-archive' || !pack.takesError) return undefined;
  return encodeErrorPacket(asFailure(reason).message);
}

/** POST git-upload-pack and git-upload-archive. */
export async function upload(call: ServiceCall, service: UploadService): Promise<GitResponse> {
  checkRequestType(call, service);
  const spool = await spoolRequest(call);
  try {
    if (isProbe(spool)) return emptyResult(service);
    return await answer(call, service, spool);
  } catch (error) {
    const failure = asFailure(error, call.request.signal);
    call.timeline.failure = failure.code;
    if (isServerFault(failure)) call.observers.emit('error', { error: failure, context: call.context });
    return errorPacketResponse(service, failure);
  } finally {
    await spool.dispose();
  }
}

async function answer(call: ServiceCall, service: UploadService, spool: Spool): Promise<GitResponse> {
  const asked = await parseFetchRequest(spool.read());
  if (asked.command === 'fetch') call.timeline.refCount = asked.wants.length + asked.wantRefs.length;
  const kind = service === 'git-upload-archive' ? 'fetch' : kindOfFetch(asked);
  const process = await startWith(call, service, kind, spool);
  const pack = new PackDetector();
  const output = openOutput(call, commandOf(service), process, {
    onData: (chunk) => pack.feed(chunk),
    complete: (exit) => completeAnswer(service, pack, exit),
    lastWords: (reason) => lastWords(service, pack, reason),
    onAbandoned: () => process.stop(),
  });
  if (service === 'git-upload-pack') reportFetch(call, process, output, asked, pack);
  await whenStarted(call, output, commandOf(service));
  return streamedResult(service, output);
}
