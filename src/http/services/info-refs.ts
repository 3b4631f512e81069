import { advertisementPrefix } from '../../protocol/advertisement.js';
import { commandOf, type AdvertisedService } from '../../protocol/service.js';
import { noCache } from '../caching.js';
import { openOutput, startGit, whenStarted, type ServiceCall } from '../call.js';
import type { GitResponse } from '../exchange.js';

/** GET info/refs?service=…: what git advertises, under the prefix that HTTP wants (gitprotocol-http). */
export async function advertise(call: ServiceCall, service: AdvertisedService): Promise<GitResponse> {
  const command = commandOf(service);
  const strict = service === 'git-upload-pack' ? ['--strict'] : [];
  const process = await startGit(call, 'refs', () => ({
    args: [command, '--http-backend-info-refs', ...strict, call.repository.gitDir],
  }));
  const output = openOutput(call, command, process, {
    prefix: advertisementPrefix(service, call.context.protocolVersion),
    onAbandoned: () => process.stop(),
  });
  await whenStarted(call, output, command);
  return {
    status: 200,
    headers: [...noCache, ['Content-Type', `application/x-${service}-advertisement`]],
    body: { kind: 'stream', stream: output, sentBytes: () => output.pushedBytes },
  };
}
