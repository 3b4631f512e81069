/**
 * The head of a receive-pack request, everything before the pack (gitprotocol-pack, "Reference Update
 * Request and Packfile Transfer"):
 *
 *   update-requests = *shallow ( command-list | push-cert ) flush-pkt [push-options]
 *   shallow         = PKT-LINE("shallow" SP obj-id)
 *   command-list    = PKT-LINE(command NUL capability-list) *PKT-LINE(command)
 *   command         = old-id SP new-id SP name
 *   push-cert       = PKT-LINE("push-cert" NUL capability-list LF) *PKT-LINE(cert-line LF)
 *                     PKT-LINE("push-cert-end" LF)
 *   push-options    = *PKT-LINE(push-option) flush-pkt
 */
import { parseCapabilities, type Capabilities } from './capabilities.js';
import { isObjectId, isZeroOid } from './object-id.js';
import { PktLineDecoder, pktText, type PktLine } from './pkt-line.js';

/** One command of a push: `refName` shall go from `oldOid` to `newOid`; all zeros stand for "none". */
export interface RefUpdate {
  readonly oldOid: string;
  readonly newOid: string;
  readonly refName: string;
  readonly kind: 'create' | 'update' | 'delete';
}

export interface PushRequest {
  readonly updates: readonly RefUpdate[];
  readonly capabilities: Capabilities;
  readonly pushOptions: readonly string[];
  /** Commits that are shallow in the client's repository. */
  readonly shallow: readonly string[];
  /** The signed push certificate, not verified. */
  readonly certificate: string | undefined;
}

/** The bytes are no ref update request. */
export class PushRequestError extends Error {
  override readonly name = 'PushRequestError';
}

/** A command, or undefined where the text is none. */
export function parseRefUpdate(text: string): RefUpdate | undefined {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  if (first < 0 || second < 0) return undefined;
  const oldOid = text.slice(0, first);
  const newOid = text.slice(first + 1, second);
  const refName = text.slice(second + 1);
  if (!isObjectId(oldOid) || !isObjectId(newOid) || oldOid.length !== newOid.length || refName === '') {
    return undefined;
  }
  const kind = isZeroOid(newOid) ? 'delete' : isZeroOid(oldOid) ? 'create' : 'update';
  return { oldOid, newOid, refName, kind };
}

/** The commands of a certificate stand between its first empty line and the signature. */
function updatesInCertificate(certificate: string): RefUpdate[] {
  const start = certificate.indexOf('\n\n');
  if (start < 0) throw new PushRequestError('the push certificate has no commands');
  const updates: RefUpdate[] = [];
  for (const line of certificate.slice(start + 2).split('\n')) {
    if (line === '' || line.startsWith('-----BEGIN ')) break;
    const update = parseRefUpdate(line);
    if (!update) throw new PushRequestError('expected a ref update in the push certificate');
    updates.push(update);
  }
  return updates;
}

/** git 2.39 carries out two commands for one ref one after the other; no client sends them, and newer gits refuse them. */
function checkDistinct(updates: readonly RefUpdate[]): void {
  if (new Set(updates.map(({ refName }) => refName)).size < updates.length) {
    throw new PushRequestError('two commands for one ref');
  }
}

/** Reads the head incrementally; what follows it (the pack) is left alone. */
export class PushRequestParser {
  readonly #decoder = new PktLineDecoder();
  #updates: RefUpdate[] = [];
  readonly #pushOptions: string[] = [];
  readonly #shallow: string[] = [];
  #certificateLines: string[] = [];
  #certificate: string | undefined;
  #capabilities: Capabilities | undefined;
  #section: 'commands' | 'certificate' | 'options' | 'end' = 'commands';
  #hasCertificate = false;
  readonly #offersPushOptions: boolean;

  /** git reads push options only where it has offered to (receive-pack.c: read_head_info). */
  constructor({ offersPushOptions }: { readonly offersPushOptions: boolean }) {
    this.#offersPushOptions = offersPushOptions;
  }

  /**
   * Takes the next bytes. Returns how many of them belong to the head once that is complete, else undefined.
   * Throws {@link PushRequestError} or `PktLineError` for bytes that are no head.
   */
  feed(chunk: Buffer): number | undefined {
    for (const line of this.#decoder.decode(chunk)) {
      this.#take(line);
      if (this.#section === 'end') return line.end;
    }
    return undefined;
  }

  /** The head, once {@link feed} has seen its end. */
  result(): PushRequest {
    if (this.#section !== 'end') throw new PushRequestError('the ref update request is incomplete');
    return {
      updates: this.#updates,
      capabilities: this.#capabilities ?? new Map(),
      pushOptions: this.#pushOptions,
      shallow: this.#shallow,
      certificate: this.#certificate,
    };
  }

  #take(line: PktLine): void {
    if (line.type === 'flush') this.#endSection();
    else if (line.type !== 'data') throw new PushRequestError(`unexpected ${line.type} packet`);
    else if (this.#section === 'certificate') this.#takeCertificateLine(line.payload);
    else if (this.#section === 'options') this.#pushOptions.push(pktText(line.payload));
    else this.#takeCommandLine(line.payload);
  }

  #endSection(): void {
    checkDistinct(this.#updates);
    if (this.#section === 'certificate') throw new PushRequestError('the push certificate is incomplete');
    const empty = this.#updates.length === 0;
    const hasOptions = this.#offersPushOptions && this.#capabilities?.has('push-options') === true;
    this.#section = this.#section === 'commands' && !empty && hasOptions ? 'options' : 'end';
  }

  #takeCertificateLine(payload: Buffer): void {
    // git reads a line up to its first NUL, so that the two of us would see different commands.
    if (payload.includes(0)) throw new PushRequestError('a NUL in the push certificate');
    const text = payload.toString('utf8');
    if (text !== 'push-cert-end\n') {
      this.#certificateLines.push(text);
      return;
    }
    this.#certificate = this.#certificateLines.join('');
    this.#certificateLines = [];
    this.#updates = updatesInCertificate(this.#certificate);
    this.#section = 'commands';
  }

  #takeCommandLine(payload: Buffer): void {
    const nul = payload.indexOf(0);
    // git takes a newline off the end of the whole line only (receive-pack.c: read_head_info).
    const text = nul < 0 ? pktText(payload) : payload.toString('utf8', 0, nul);
    if (text.startsWith('shallow ')) {
      const oid = text.slice('shallow '.length);
      if (!isObjectId(oid)) throw new PushRequestError('expected an object id behind "shallow"');
      this.#shallow.push(oid);
      return;
    }
    if (nul >= 0) {
      // git would add it to the first, so that we could miss what was negotiated.
      if (this.#capabilities) throw new PushRequestError('a second capability list');
      const list = payload.subarray(nul + 1);
      if (list.includes(0)) throw new PushRequestError('a NUL in the capability list');
      this.#capabilities = parseCapabilities(pktText(list));
    }
    if (text === 'push-cert') {
      if (this.#hasCertificate) throw new PushRequestError('a second push certificate');
      // git 2.39 carries out commands before a certificate as well as those in it, whoever has signed what.
      if (this.#updates.length > 0) throw new PushRequestError('commands before a push certificate');
      this.#hasCertificate = true;
      this.#section = 'certificate';
    } else {
      const update = parseRefUpdate(text);
      if (!update || this.#hasCertificate) throw new PushRequestError('expected "old new ref"');
      this.#updates.push(update);
    }
  }
}
