/**
 * What an upload-pack request asks for, in either grammar.
 *
 *   v0, v1 (gitprotocol-pack):  first-want *additional-want *shallow-line [depth] [filter] flush *have [done]
 *   v2 (gitprotocol-v2):        "command=" key *capability [delim *argument] flush
 *
 * It informs events; git itself reads the request and has the last word, so that odd lines are passed over.
 */
import { isObjectId } from './object-id.js';
import { PktLineDecoder, PktLineError, pktText } from './pkt-line.js';

export interface FetchRequest {
  /** `fetch`, or another command of version 2, such as `ls-refs`; undefined where the request has none. */
  readonly command: string | undefined;
  /** Object ids that the client wants, a hundred thousand at the most. */
  readonly wants: readonly string[];
  /** Refs that the client wants by name (`want-ref`), ten thousand at the most. */
  readonly wantRefs: readonly string[];
  /** How many objects the client says it has, as far as that was counted (half a million). None means a clone. */
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

/** Lines that are looked at. The largest requests of real clients, with haves for all their refs, stay below. */
const maxLines = 500_000;

/** A request may hold millions of lines, which would take far more memory than the request itself. */
const maxWants = 100_000;
const maxWantRefs = 10_000;
const maxRefCharacters = 1_000;

type Draft = { -readonly [Key in keyof FetchRequest]: FetchRequest[Key] } & {
  wants: string[];
  wantRefs: string[];
};

function takeArgument(draft: Draft, text: string): void {
  const space = text.indexOf(' ');
  const key = space < 0 ? text : text.slice(0, space);
  const value = space < 0 ? '' : text.slice(space + 1);
  if (key === 'want') takeWant(draft, value);
  else if (key === 'have') draft.haveCount += 1;
  else if (key === 'want-ref') {
    if (draft.wantRefs.length < maxWantRefs && value.length <= maxRefCharacters) draft.wantRefs.push(value);
  } else if (key === 'deepen') draft.depth = /^\d+$/.test(value) ? Number(value) : undefined;
  else if (key === 'filter') draft.filter = value;
  else if (key === 'done') draft.done = true;
  else takeCapability(draft, text);
}

function takeWant(draft: Draft, value: string): void {
  // Capabilities stand behind the first want, in versions 0 and 1 (gitprotocol-pack).
  const mayHoldCapabilities = draft.command === undefined;
  draft.command ??= 'fetch';
  const end = value.indexOf(' ');
  const oid = end < 0 ? value : value.slice(0, end);
  if (draft.wants.length < maxWants && isObjectId(oid)) draft.wants.push(oid);
  if (!mayHoldCapabilities || end < 0) return;
  for (const capability of value.slice(end + 1).split(' ')) takeCapability(draft, capability);
}

function takeCapability(draft: Draft, text: string): void {
  if (text.startsWith('command=')) draft.command ??= text.slice('command='.length);
  else if (text.startsWith('agent=')) draft.agent ??= text.slice('agent='.length);
}

/** Reads a whole request, given in one or more pieces; never throws for what a client may send. */
export async function parseFetchRequest(pieces: AsyncIterable<Buffer>): Promise<FetchRequest> {
  const decoder = new PktLineDecoder();
  let lines = 0;
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
        // More than git itself would read with patience; what it informs is complete long before.
        if ((lines += 1) >= maxLines) return draft;
      }
      // A large request is read piece by piece: others have their turn in between.
      await new Promise(setImmediate);
    }
  } catch (error) {
    if (!(error instanceof PktLineError)) throw error;
  }
  return draft;
}
