/** Requests to upload-pack as packets, for what no git client would ask. */
import { PktLineDecoder, pktText } from '../../src/protocol/pkt-line.js';
import { delimiter, flush, pkt } from './differential/case.js';
import type { Lab } from './lab.js';

/** Advertisements and answers, packet by packet: texts, and `0000`, `0001`, `0002` for the others. */
export function packetsOf(bytes: Buffer): string[] {
  const marks = { flush, delim: delimiter, 'response-end': '0002' } as const;
  return [...new PktLineDecoder().decode(bytes)].map((line) =>
    line.type === 'data' ? pktText(line.payload) : marks[line.type],
  );
}

/** The body of a version 2 request. */
export function v2Request(
  command: string,
  args: readonly string[],
  capabilities: readonly string[] = [],
): string {
  const lines = [`command=${command}`, ...capabilities].map(pkt).join('');
  return `${lines}${args.length > 0 ? delimiter : ''}${args.map(pkt).join('')}${flush}`;
}

export async function askUploadPack(lab: Lab, name: string, body: string, version = 2): Promise<string[]> {
  const response = await fetch(`${lab.url(name)}/git-upload-pack`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-git-upload-pack-request',
      'git-protocol': `version=${version}`,
    },
    body,
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return packetsOf(Buffer.from(await response.arrayBuffer()));
}

/** What a service advertises. */
export async function advertisementOf(
  lab: Lab,
  name: string,
  service: 'git-upload-pack' | 'git-receive-pack' = 'git-upload-pack',
  version = 2,
): Promise<string[]> {
  const response = await fetch(`${lab.url(name)}/info/refs?service=${service}`, {
    headers: { 'git-protocol': `version=${version}` },
  });
  return packetsOf(Buffer.from(await response.arrayBuffer()));
}
