import { encodePktLine, flushPkt } from './pkt-line.js';
import type { ProtocolVersion } from './git-protocol.js';
import type { AdvertisedService } from './service.js';

/**
 * What stands before git's own advertisement over HTTP (gitprotocol-http, "Smart Server Response"):
 * the service's name and a flush, except for upload-pack in version 2 (http-backend.c: get_info_refs).
 * receive-pack never speaks version 2.
 */
export function advertisementPrefix(
  service: AdvertisedService,
  version: ProtocolVersion,
): Buffer | undefined {
  if (service === 'git-upload-pack' && version === 2) return undefined;
  return Buffer.concat([encodePktLine(`# service=${service}\n`), flushPkt]);
}

/** A packet that ends a conversation with a message which git shows as `remote error: …` (gitprotocol-pack). */
export function encodeErrorPacket(message: string): Buffer {
  return encodePktLine(`ERR ${message}\n`);
}
