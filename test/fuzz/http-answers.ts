/**
 * A strict reader of what a server has put on a connection (RFC 9112). It does not forgive: whatever clients and
 * proxies could read in two ways is an error here.
 */

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without chunk framing. */
  readonly body: Buffer;
}

export interface Conversation {
  /** Complete ones, in their order, without interim answers. */
  readonly answers: readonly Answer[];
  /** How many times the client was told to go on (100). */
  readonly interim: number;
  /** Something has begun that is not complete. */
  readonly isCut: boolean;
}

export interface ReadOptions {
  /** The answers to HEAD, by their place: they have no body, whatever their headers say. */
  readonly isHead?: (index: number) => boolean;
  /** The connection has ended: an answer that ends with it is complete. */
  readonly ended: boolean;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function malformed(what: string, bytes: Buffer): Error {
  return new Error(`not HTTP (${what}): ${JSON.stringify(bytes.toString('latin1', 0, 300))}`);
}

interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly bytes: number;
}

function readHead(data: Buffer): Head | undefined {
  const end = data.indexOf('\r\n\r\n');
  const begin = 'HTTP/1.1 ';
  if (!begin.startsWith(data.toString('latin1', 0, Math.min(begin.length, data.length)))) {
    throw malformed('status line', data);
  }
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = data.toString('latin1', 0, end).split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e]*$/.exec(statusLine)?.[1];
  if (status === undefined) throw malformed('status line', data);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    // oxlint-disable-next-line no-control-regex
    if (!token.test(name) || /[\0-\x08\n-\x1f\x7f]/.test(line)) throw malformed('header', data);
    return [name.toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers, bytes: end + 4 };
}

/** The single value of a header that may not come twice. */
function single(head: Head, name: string, data: Buffer): string | undefined {
  const values = head.headers.filter(([found]) => found === name).map(([, value]) => value);
  if (values.length > 1) throw malformed(`${name} twice`, data);
  return values[0];
}

interface Body {
  readonly body: Buffer;
  readonly bytes: number;
}

function readChunks(data: Buffer): Body | undefined {
  const parts: Buffer[] = [];
  for (let offset = 0; ;) {
    const lineEnd = data.indexOf('\r\n', offset);
    if (lineEnd < 0) return undefined;
    const line = data.toString('latin1', offset, lineEnd);
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw malformed('chunk size', data.subarray(offset));
    const size = Number.parseInt(line, 16);
    const start = lineEnd + 2;
    if (data.length < start + size + 2) return undefined;
    if (data.toString('latin1', start + size, start + size + 2) !== '\r\n') {
      throw malformed('end of a chunk', data.subarray(offset));
    }
    if (size === 0) return { body: Buffer.concat(parts), bytes: start + 2 };
    parts.push(data.subarray(start, start + size));
    offset = start + size + 2;
  }
}

function readBody(head: Head, data: Buffer, isHead: boolean, ended: boolean): Body | undefined {
  const length = single(head, 'content-length', data);
  const coding = single(head, 'transfer-encoding', data);
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || length !== undefined)) {
    throw malformed('two framings', data);
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw malformed('length', data);
  if (isHead || head.status === 204 || head.status === 304) return { body: Buffer.alloc(0), bytes: 0 };
  if (coding !== undefined) return readChunks(data);
  if (length === undefined) return ended ? { body: data, bytes: data.length } : undefined;
  const bytes = Number(length);
  return data.length < bytes ? undefined : { body: data.subarray(0, bytes), bytes };
}

/** All that has come, answer by answer; throws for what is not HTTP. */
export function readAnswers(received: Buffer, options: ReadOptions): Conversation {
  const answers: Answer[] = [];
  let interim = 0;
  for (let rest = received; rest.length > 0;) {
    const head = readHead(rest);
    if (!head) return { answers, interim, isCut: true };
    rest = rest.subarray(head.bytes);
    if (head.status === 100) {
      interim += 1;
      continue;
    }
    const body = readBody(head, rest, options.isHead?.(answers.length) === true, options.ended);
    if (!body) return { answers, interim, isCut: true };
    answers.push({ status: head.status, headers: head.headers, body: body.body });
    rest = rest.subarray(body.bytes);
  }
  return { answers, interim, isCut: false };
}
