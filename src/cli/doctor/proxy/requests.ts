/** Harmless requests to upload-pack: nothing in them changes a repository. */
import { createHash } from 'node:crypto';
import { encodePktLine, flushPkt, PktLineDecoder, pktText } from '../../../protocol/pkt-line.js';

const delimPkt = Buffer.from('0001');

/** What the server said about its repository. */
export interface Spoken {
  readonly version: 0 | 2;
  readonly objectFormat: 'sha1' | 'sha256';
}

/** The lines of an answer, as far as it holds whole ones. */
function textLines(body: Buffer): readonly string[] {
  try {
    return [...new PktLineDecoder().decode(body)].flatMap((line) =>
      line.type === 'data' ? [pktText(line.payload)] : [],
    );
  } catch {
    return [];
  }
}

/** What an advertisement says; undefined when it is none. */
export function readAdvertisement(body: Buffer): Spoken | undefined {
  const lines = textLines(body);
  if (lines.includes('version 2')) {
    const format = lines.includes('object-format=sha256') ? 'sha256' : 'sha1';
    return { version: 2, objectFormat: format };
  }
  if (lines[0] !== '# service=git-upload-pack') return undefined;
  return {
    version: 0,
    objectFormat: lines.some((line) => line.includes('object-format=sha256')) ? 'sha256' : 'sha1',
  };
}

/** The object that HEAD is, of an answer to {@link smallRequest}. */
export function headOf(body: Buffer): string | undefined {
  return /^([0-9a-f]{40,64}) HEAD$/.exec(textLines(body)[0] ?? '')?.[1];
}

function command(name: string, { objectFormat }: Spoken): Buffer[] {
  return [encodePktLine(`command=${name}`), encodePktLine(`object-format=${objectFormat}`), delimPkt];
}

/** Asks for HEAD; in version 0, for nothing. */
export function smallRequest(spoken: Spoken): Buffer {
  if (spoken.version === 0) return flushPkt;
  return Buffer.concat([...command('ls-refs', spoken), encodePktLine('ref-prefix HEAD'), flushPkt]);
}

/** Fetches what is there already: the answer is short, and comes in some steps. */
export function fetchRequest(spoken: Spoken, oid: string): Buffer {
  const wanted = ['want', 'have'].map((word) => encodePktLine(`${word} ${oid}\n`));
  return Buffer.concat([...command('fetch', spoken), ...wanted, encodePktLine('done\n'), flushPkt]);
}

/** A fetch that wants nothing and has one object, which does not exist, very many times: at least so many bytes. */
export function* largeRequest(spoken: Spoken, bytes: number): Generator<Buffer> {
  yield spoken.version === 0 ? flushPkt : Buffer.concat(command('fetch', spoken));
  const oid = createHash(spoken.objectFormat).update('gittyphoon doctor').digest('hex');
  const piece = Buffer.concat(Array.from({ length: 1_000 }, () => encodePktLine(`have ${oid}\n`)));
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
  yield flushPkt;
}
