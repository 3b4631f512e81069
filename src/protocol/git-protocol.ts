/**
 * The Git-Protocol header, which becomes git's GIT_PROTOCOL (gitprotocol-http, gitprotocol-v2):
 *
 *   git-protocol = entry *(":" entry)      entry = key ["=" value]
 *
 * The highest `version` wins; keys that nobody knows are ignored. Only what fits this pattern may enter the
 * environment of a process: the header is the client's to choose.
 */
const pattern = /^[a-z0-9]+(?:=[a-z0-9]+)?(?::[a-z0-9]+(?:=[a-z0-9]+)?)*$/;

const maxBytes = 256;

export type ProtocolVersion = 0 | 1 | 2;

export interface GitProtocol {
  readonly version: ProtocolVersion;
  /** What GIT_PROTOCOL is set to; undefined leaves it out, which means version 0. */
  readonly environment: string | undefined;
}

function versionOf(entry: string): ProtocolVersion | undefined {
  if (entry === 'version=0') return 0;
  if (entry === 'version=1') return 1;
  if (entry === 'version=2') return 2;
  return undefined;
}

/** The protocol that a request asks for, held down to `highest`. A header that does not fit counts as absent. */
export function negotiateProtocol(header: string | undefined, highest: ProtocolVersion = 2): GitProtocol {
  if (header === undefined || header.length > maxBytes || !pattern.test(header)) {
    return { version: 0, environment: undefined };
  }
  let version: ProtocolVersion = 0;
  const kept: string[] = [];
  for (const entry of header.split(':')) {
    const asked = versionOf(entry);
    if (asked !== undefined && asked > highest) continue;
    if (asked !== undefined && asked > version) version = asked;
    kept.push(entry);
  }
  return { version, environment: kept.length > 0 ? kept.join(':') : undefined };
}
