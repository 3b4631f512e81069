/** An answer in the form in which two are compared. */
import { PktLineDecoder, pktText } from '../../../src/protocol/pkt-line.js';
import type { RawResponse } from '../../support/raw-http.js';

export interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** The refs of the repository that the request may have written to. */
  readonly refs: string;
}

/** The web server's own: framing, the date, and whether the connection stays open. */
const ofTheHost = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/**
 * A result with a sideband holds a stream, cut where git happened to read it, and progress in between, which
 * depends on time. Its pieces are joined; progress is left out.
 */
function joined(body: Buffer): string {
  let stream = '';
  let text = '';
  const decoder = new PktLineDecoder();
  for (const line of decoder.decode(body)) {
    if (line.type !== 'data') {
      text += `<${line.type}>`;
      continue;
    }
    const [band] = line.payload;
    if (band === 1) stream += line.payload.toString('latin1', 1);
    else if (band !== 2) text += `[${pktText(line.payload)}]`;
  }
  return `${text}${stream}`;
}

function comparable(body: Buffer, headers: readonly string[]): string {
  if (headers.some((header) => /^Content-Type: application\/x-git-\w+-pack-result$/.test(header))) {
    try {
      return joined(body);
    } catch {
      // Packs without a sideband are no pkt-lines.
    }
  }
  return body.toString('latin1');
}

export function answerOf(response: RawResponse, root: string, refs: string): Answer {
  const headers = response.headers
    .filter(([name]) => !ofTheHost.has(name.toLowerCase()))
    // The clock runs on between the two.
    .map(
      ([name, value]) => `${name}: ${name === 'Expires' && !value.includes('1980') ? 'in a year' : value}`,
    );
  return {
    status: response.status,
    headers,
    body: comparable(response.body, headers).replaceAll(root, 'ROOT'),
    refs,
  };
}
