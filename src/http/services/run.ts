import { GitTyphoonError } from '../../errors.js';
import type { ServiceCall } from '../call.js';
import type { GitResponse } from '../exchange.js';
import type { Endpoint } from '../routes.js';
import { checkDumbAllowed, dumbFile, dumbPacks } from './dumb.js';
import { dumbHead, dumbRefs } from './dumb-refs.js';
import { advertise } from './info-refs.js';
import { receivePack } from './receive-pack.js';
import { upload } from './upload.js';

/** The answer of the service that the endpoint names. */
export async function runService(call: ServiceCall, endpoint: Endpoint): Promise<GitResponse> {
  switch (endpoint.kind) {
    case 'advertisement':
      return advertise(call, endpoint.service);
    case 'rpc':
      return endpoint.service === 'git-receive-pack' ? receivePack(call) : upload(call, endpoint.service);
    case 'unknown-service':
      throw new GitTyphoonError('ERR_SERVICE_UNKNOWN');
    default:
      await checkDumbAllowed(call);
      return runDumb(call, endpoint);
  }
}

type DumbEndpoint = Exclude<Endpoint, { kind: 'advertisement' | 'rpc' | 'unknown-service' }>;

function runDumb(call: ServiceCall, endpoint: DumbEndpoint): Promise<GitResponse> {
  switch (endpoint.kind) {
    case 'dumb-refs':
      return dumbRefs(call);
    case 'dumb-head':
      return dumbHead(call);
    case 'dumb-packs':
      return dumbPacks(call);
    case 'dumb-file':
      return dumbFile(call, endpoint.file, endpoint.path);
  }
}
