/** The bound on single objects, held while their pack passes by: git has read none of an object that is too large. */
import { GitTyphoonError } from '../errors.js';
import { DeflateError } from '../protocol/pack/huffman.js';
import { PackEntries, PackError } from '../protocol/pack/pack-entries.js';
import { sizeText } from '../size-text.js';
import type { PushFacts } from './push-policy.js';

/** Sees each piece of the pack before git does; throws a `GitTyphoonError` to refuse the push. */
export type PackCheck = (bytes: Buffer) => void;

/** A check for the pack of this push; undefined where it has none. */
export function limitObjects(maxObjectBytes: number, { updates }: PushFacts): PackCheck | undefined {
  // git ends for ids of another length than the repository's, and for no others.
  const oid = updates.find(({ kind }) => kind !== 'delete')?.newOid;
  if (oid === undefined) return undefined;
  const entries = new PackEntries({
    oidBytes: oid.length / 2,
    onSize: (bytes) => {
      if (bytes <= maxObjectBytes) return;
      throw new GitTyphoonError('ERR_BODY_TOO_LARGE', {
        message: `an object has ${bytes} bytes; one may have ${sizeText(maxObjectBytes)} here`,
      });
    },
  });
  return (bytes) => {
    try {
      entries.feed(bytes);
    } catch (error) {
      if (!(error instanceof PackError || error instanceof DeflateError)) throw error;
      // What we cannot follow, we cannot bound; git could not store it either.
      throw new GitTyphoonError('ERR_BAD_REQUEST', { message: 'the pack cannot be read', cause: error });
    }
  };
}
