/** Ways to send a request otherwise than it was meant. */

/** Each byte by itself. */
export function eachByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
}

/** One change of some bytes; `at` is a place as a part of the whole length, 0 to 1. */
export type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly bits: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly count: number }
  | { readonly kind: 'append'; readonly bytes: Uint8Array };

export function changed(bytes: Buffer, change: Change): Buffer {
  if (change.kind === 'append') return Buffer.concat([bytes, change.bytes]);
  const place = Math.min(Math.floor(change.at * bytes.length), Math.max(bytes.length - 1, 0));
  const before = bytes.subarray(0, place);
  switch (change.kind) {
    case 'flip':
      return Buffer.concat([
        before,
        Buffer.from([(bytes[place] ?? 0) ^ change.bits]),
        bytes.subarray(place + 1),
      ]);
    case 'insert':
      return Buffer.concat([before, change.bytes, bytes.subarray(place)]);
    case 'remove':
      return Buffer.concat([before, bytes.subarray(place + change.count)]);
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, place + change.count), bytes.subarray(place)]);
  }
}

/** In two pieces. */
export function cutAt(bytes: Buffer, position: number): Buffer[] {
  return [bytes.subarray(0, position), bytes.subarray(position)];
}

/** Every position between two bytes. */
export function cuts(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length - 1 }, (_unused, index) => index + 1);
}

/** One of so many, beginning somewhere. */
export function every<T>(stride: number, offset: number, items: readonly T[]): T[] {
  return items.filter((_item, index) => (index + offset) % stride === 0);
}
