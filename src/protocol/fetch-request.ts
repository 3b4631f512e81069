/**
 * What an upload-pack request asks for, in either grammar.
 *
 *   v0, v1 (gitprotocol-pack):  first-want *additional-want *shallow-line [depth] [filter] flush *have [done]
 *   v2 (gitprotocol-v2):        "command=" key *capability [delim *argument] flush
 *
 * It informs events; git itself reads the request and has the last word, so that odd lines are passed over.
 */
import { PktLineDecoder, PktLineError, pktText } from './pkt-line.js';

export interface FetchRequest {
  /** `fetch`, or another command of version 2, such as `ls-refs`; undefined where the request has none. */
  readonly command: string | undefined;
  /** Object ids that the client wants. */
  readonly wants: readonly string[];
  /** Refs that the client wants by name (`want-ref`). */
  readonly wantRefs: readonly string[];
  /** How many objects the client says it has. None at all means a clone. */
  readonly haveCount: number;
  /** The depth of a shallow fetch. */
  readonly depth: number | undefined;
  /** The filter of a partial clone, such as `blob:none`. */
  readonly filter: string | undefined;
  /** The client has ended the negotiation, so that a pack follows. */
  readonly done: boolean;
  /** The client's name and version, as it gives them. */
  readonly agent: string | undefined;
}

type Draft = { -readonly [Key in keyof FetchRequest]: FetchRequest[Key] } & {
  wants: string[];
  wantRefs: string[];
};

function takeArgument(draft: Draft, text: string): void {
  const space = text.indexOf(' ');
  const key = space < 0 ? text : text.slice(0, space);
  const value = space < 0 ? '' : text.slice(space + 1);
  if (key === 'want') {
    const [oid = '', ...capabilities] = value.split(' ');
    draft.command ??= 'fetch';
    draft.wants.push(oid);
    for (const capability of capabilities) takeCapability(draft, capability);
  } else if (key === 'have') draft.haveCount += 1;
  else if (key === 'want-ref') draft.wantRefs.push(value);
  else if (key === 'deepen') draft.depth = Number.parseInt(value, 10);
  else if (key === 'filter') draft.filter = value;
  else if (key === 'done') draft.done = true;
  else takeCapability(draft, text);
}

function takeCapability(draft: Draft, text: string): void {
  if (text.startsWith('command=')) draft.command ??= text.slice('command='.length);
  else if (text.startsWith('agent=')) draft.agent ??= text.slice('agent='.length);
}

/** Reads a whole request, given in one or more pieces; never throws for what a client may send. */
export async function parseFetchRequest(pieces: AsyncIterable<Buffer>): Promise<FetchRequest> {
  const decoder = new PktLineDecoder();
  const draft: Draft = {
    command: undefined,
    wants: [],
    wantRefs: [],
    haveCount: 0,
    depth: undefined,
    filter: undefined,
    done: false,
    agent: undefined,
  };
  try {
    for await (const piece of pieces) {
      for (const line of decoder.decode(piece)) {
        if (line.type === 'data') takeArgument(draft, pktText(line.payload));
      }
    }
  } catch (error) {
    if (!(error instanceof PktLineError)) throw error;
  }
  return draft;
}
