/** receive-pack: the commands are read before git starts; the pack behind them is streamed into it. */
import type { RefUpdateResult } from '../../events.js';
import { GitTyphoonError, type FailureCode } from '../../errors.js';
import { gitFailure } from '../../git/failure.js';
import type { GitOutput } from '../../git/output.js';
import type { GitExit, GitProcess } from '../../git/process.js';
import { flushPkt } from '../../protocol/pkt-line.js';
import {
  encodePushRefusal,
  encodeRefusals,
  PushReportParser,
  sidebandOf,
} from '../../protocol/push-report.js';
import { PushReportRewriter } from '../../protocol/push-report-rewriter.js';
import type { PushRequest } from '../../protocol/push-request.js';
import { PushGuard } from '../../push/guard.js';
import type { PushFacts } from '../../push/push-policy.js';
import { encodeSideband } from '../../protocol/sideband.js';
import { openOutput, startGit, whenStarted, type ServiceCall } from '../call.js';
import { bytesResponse, type GitResponse } from '../exchange.js';
import { asFailure, isServerFault } from '../failures.js';
import { PushBody } from '../push-body.js';
import { resultHeaders } from '../media-types.js';
import { checkRequestType, emptyResult, readRequest, streamedResult } from './rpc.js';

const service = 'git-receive-pack';

function resultsOf(push: PushRequest, report: PushReportParser): readonly RefUpdateResult[] {
  const refs = report.result()?.refs;
  return push.updates.map((update) => ({
    ...update,
    result: refs?.get(update.refName) ?? { status: 'unknown' },
  }));
}

function emitPush(
  call: ServiceCall,
  push: PushRequest,
  updates: readonly RefUpdateResult[],
  unpack: string | undefined,
): void {
  call.observers.emit('push', { ...factsOf(call, push), updates, unpack });
}

/** Reports what became of a push when git has ended, also when its client did not wait for that. */
async function reportPush(
  call: ServiceCall,
  push: PushRequest,
  report: PushReportParser,
  git: GitProcess,
  isBodyComplete: boolean,
): Promise<void> {
  const exit = await git.finished;
  // A body may break off behind all that git has needed of it.
  if (exit.spawnError || (!isBodyComplete && !report.result())) return;
  emitPush(call, push, resultsOf(push, report), report.result()?.unpack);
}

const toldInReport: ReadonlySet<FailureCode> = new Set([
  'ERR_BAD_REQUEST',
  'ERR_BODY_TOO_LARGE',
  'ERR_GIT_FAILED',
  'ERR_GIT_UNAVAILABLE',
  'ERR_INTERNAL',
  'ERR_FORBIDDEN',
  'ERR_REPOSITORY_OWNERSHIP',
  'ERR_BUSY',
  'ERR_CLOSING',
  'ERR_OUT_OF_RESOURCES',
  'ERR_GIT_TIMEOUT',
  'ERR_REQUEST_TIMEOUT',
]);

/** The refusal as the protocol says it; undefined where it has to be a status, or a broken connection. */
function refusalOf(push: PushRequest, failure: GitTyphoonError): Buffer | undefined {
  if (!toldInReport.has(failure.code)) return undefined;
  return encodePushRefusal(push.updates, push.capabilities, failure.message);
}

/**
 * What the client is told when git has given no answer. It reads nothing of an error status after a POST but
 * the number, so that a push which negotiated a report is answered in the protocol.
 */
function refuse(call: ServiceCall, push: PushRequest, error: unknown): GitResponse {
  const failure = asFailure(error);
  call.timeline.failure = failure.code;
  if (isServerFault(failure)) call.observers.emit('error', { error, context: call.context });
  const bytes = refusalOf(push, failure);
  if (!bytes) throw failure;
  return { status: 200, headers: resultHeaders(service, bytes.length), body: { kind: 'bytes', bytes } };
}

/**
 * A git that fails after the first words of a hook (receive-pack.c: die, on band 2) ends without a report and
 * without the flush packet. The client would then wait for the rest without end, although the response is over:
 * its send-pack for the answer, its remote-curl for send-pack.
 */
function completeAnswer(push: PushRequest, report: PushReportParser, exit: GitExit): Buffer | undefined {
  if (report.position === 'end') return undefined;
  const failure = gitFailure('receive-pack', exit);
  if (report.position === 'inside') throw failure;
  if (report.result()) return flushPkt;
  return encodePushRefusal(push.updates, push.capabilities, failure.message);
}

/** git was ended in the middle of its answer. Behind a report it was busy with hooks that only hear of the push. */
function lastWords(push: PushRequest, report: PushReportParser, reason: Error): Buffer | undefined {
  if (report.position !== 'between') return undefined;
  if (report.result()) return flushPkt;
  return encodePushRefusal(push.updates, push.capabilities, asFailure(reason).message);
}

/** Says why a push is ended that has its answer begun: git itself will only say that a hook has failed. */
function announceDeadline(
  call: ServiceCall,
  push: PushRequest,
  report: PushReportParser,
  output: GitOutput,
): void {
  const variant = sidebandOf(push.capabilities);
  if (!variant) return;
  const forget = call.deadline.watch(() => {
    if (report.position !== 'between' || output.bytes === 0) return;
    output.say(encodeSideband('progress', `${call.deadline.failure().message}\n`, variant));
  });
  output.once('close', forget);
}

/** What functions of the embedder see of a push. */
function factsOf({ context, user, repository }: ServiceCall, push: PushRequest): PushFacts {
  const { updates, pushOptions, certificate, capabilities } = push;
  return {
    context,
    user,
    repository,
    updates,
    pushOptions,
    certificate,
    isAtomic: capabilities.has('atomic'),
  };
}

/** POST git-receive-pack. */
export async function receivePack(call: ServiceCall): Promise<GitResponse> {
  checkRequestType(call, service);
  const body = new PushBody(call.config.getBoolean('receive.advertisepushoptions') === true);
  const whenRead = readRequest(call, call.limits.maxPushBytes, body.sink);
  const push = await Promise.race([body.head, whenRead.then(() => undefined)]);
  if (!push) return emptyOrIncomplete(body);
  call.timeline.refCount = push.updates.length;
  if (push.updates.length === 0) {
    body.discardRest();
    await whenRead;
    return emptyResult(service);
  }
  // It may fail while nobody waits for it yet.
  whenRead.catch(() => {});
  try {
    const guard = await openGuard(call, push);
    if (guard.refusesAll) return refuseAll(call, push, guard, body);
    if (guard.byteLimit) body.limitTo(guard.byteLimit);
    if (guard.packCheck) body.checkPackBy(guard.packCheck);
    return await run(call, push, body, guard, whenRead);
  } catch (error) {
    body.discardRest();
    return refuse(call, push, error);
  }
}

function openGuard(call: ServiceCall, push: PushRequest): Promise<PushGuard> {
  const { git, config, environment, limits, pushPolicy, pushRates } = call;
  return PushGuard.begin(pushPolicy, factsOf(call, push), {
    git,
    config,
    environment,
    temporaryDirectory: limits.temporaryDirectory,
    rates: pushRates,
    onError: (error) => call.observers.emit('error', { error, context: call.context }),
  });
}

/** Nothing is left of the push: git need not be started, and the rest of the body passes by. */
function refuseAll(call: ServiceCall, push: PushRequest, guard: PushGuard, body: PushBody): GitResponse {
  body.discardRest();
  const { updates, capabilities } = push;
  const reasonOf = (refName: string): string => guard.reasonOf(refName) ?? '';
  const refused = updates.map((update) => ({
    ...update,
    result: { status: 'rejected', reason: reasonOf(update.refName) } as const,
  }));
  emitPush(call, push, refused, undefined);
  return bytesResponse(encodeRefusals(updates, capabilities, reasonOf), resultHeaders(service));
}

function emptyOrIncomplete(body: PushBody): GitResponse {
  if (body.isEmpty) return emptyResult(service);
  throw new GitTyphoonError('ERR_BODY_TRUNCATED', { message: 'the push ended before its commands did' });
}

/** A push that waits for its turn holds its commands, and the rest of it back. */
async function startReceivePack(call: ServiceCall, guard: PushGuard): Promise<GitProcess> {
  const args = ['receive-pack', '--stateless-rpc', call.repository.gitDir];
  try {
    const git = await startGit(call, 'push', async () => ({
      args,
      stdin: 'pipe',
      hasQuarantine: true,
      ...(await guard.prepare()),
    }));
    guard.watch(git);
    return git;
  } catch (error) {
    await guard.abandon();
    throw error;
  }
}

async function run(
  call: ServiceCall,
  push: PushRequest,
  body: PushBody,
  guard: PushGuard,
  whenRead: Promise<void>,
): Promise<GitResponse> {
  const report = new PushReportParser(push.capabilities);
  const rewriter = guard.isNeeded
    ? new PushReportRewriter(push.capabilities, (refName) => guard.reasonOf(refName))
    : undefined;
  const git = await startReceivePack(call, guard);
  let isBodyComplete = false;
  const output = openOutput(call, 'receive-pack', git, {
    rewrite: rewriter && ((chunk) => rewriter.feed(chunk)),
    onData: (chunk) => report.feed(chunk),
    isFed: whenRead,
    complete: (exit) => completeAnswer(push, report, exit),
    lastWords: (reason) => lastWords(push, report, reason),
    // A push that has arrived completely is finished, whether or not its client waits for the report.
    onAbandoned: () => {
      if (!isBodyComplete) git.stopGently();
    },
  });
  announceDeadline(call, push, report, output);
  body.startWith(git);
  const whenFed = whenRead.then(
    () => {
      isBodyComplete = true;
      git.stdin?.end();
      void reportPush(call, push, report, git, true);
    },
    (error: unknown) => {
      call.timeline.failure ??= asFailure(error, call.request.signal).code;
      // Without the rest of its pack git fails by itself; ended by a signal, it would leave its quarantine behind.
      git.stopGently();
      endAnswer(push, report, output, error);
      void reportPush(call, push, report, git, false);
      throw error;
    },
  );
  whenFed.catch(() => {});
  await whenAnswered(call, output, whenFed);
  return streamedResult(service, output);
}

/**
 * The body has failed. git would say no more than that its pack has broken off; where it has shown progress already, the
 * reason goes behind that.
 */
function endAnswer(push: PushRequest, report: PushReportParser, output: GitOutput, error: unknown): void {
  if (report.position === 'end') return;
  const isOpen = report.position === 'between' && !report.result();
  const refusal = isOpen ? refusalOf(push, asFailure(error)) : undefined;
  if (refusal) output.conclude(refusal);
  else output.destroy(error as Error);
}

/** Waits for git's first word; throws when there will be none. */
async function whenAnswered(call: ServiceCall, output: GitOutput, whenFed: Promise<void>): Promise<void> {
  await Promise.race([whenStarted(call, output, 'receive-pack'), whenFed.then(() => new Promise(() => {}))]);
}
