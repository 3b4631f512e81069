/**
 * The ls-refs command of version 2 (gitprotocol-v2):
 *
 *   ref           = PKT-LINE((obj-id / "unborn") SP refname *(SP ref-attribute) LF)
 *   ref-attribute = "symref-target:" refname / "peeled:" obj-id
 */
import { encodePktLine, flushPkt } from './pkt-line.js';

export interface ListedRef {
  readonly oid: string;
  readonly refName: string;
  readonly symrefTarget: string | undefined;
  readonly peeledOid: string | undefined;
}

const delimPkt = Buffer.from('0001');

/** A request for the refs under `prefixes` (all refs if there are none), with symref targets and peeled tags. */
export function encodeLsRefs(objectFormat: string, prefixes: readonly string[] = []): Buffer {
  return Buffer.concat([
    encodePktLine('command=ls-refs\n'),
    encodePktLine(`object-format=${objectFormat}\n`),
    delimPkt,
    encodePktLine('peel\n'),
    encodePktLine('symrefs\n'),
    ...prefixes.map((prefix) => encodePktLine(`ref-prefix ${prefix}\n`)),
    flushPkt,
  ]);
}

/** One line of the answer; undefined for an unborn ref. */
export function parseListedRef(text: string): ListedRef | undefined {
  const [oid = '', refName = '', ...attributes] = text.split(' ');
  if (oid === 'unborn' || refName === '') return undefined;
  const valueOf = (key: string): string | undefined =>
    attributes.find((attribute) => attribute.startsWith(key))?.slice(key.length);
  return { oid, refName, symrefTarget: valueOf('symref-target:'), peeledOid: valueOf('peeled:') };
}
