/**
 * SHA-crypt, the `$5$` and `$6$` of crypt(3), after its specification by Ulrich Drepper
 * (https://www.akkadia.org/drepper/SHA-crypt.txt), whose step numbers stand in the comments. The packages for it get
 * passwords wrong whose length is a multiple of the digest's, or that are not ASCII.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

export type ShaCryptDigest = 'sha256' | 'sha512';

/** How many rounds are worked out before others get their turn: a few milliseconds. */
const roundsPerTurn = 1_000;

function digestOf(digest: ShaCryptDigest, parts: readonly Uint8Array[]): Buffer {
  const hash = createHash(digest);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `block` again and again, up to `length` bytes. */
function repeated(block: Buffer, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, block);
}

/** The digest with which the rounds begin: steps 1 to 12. */
function firstDigest(digest: ShaCryptDigest, password: Buffer, salt: Buffer): Buffer {
  const b = digestOf(digest, [password, salt, password]);
  const parts = [password, salt, repeated(b, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits % 2 === 1 ? b : password);
  return digestOf(digest, parts);
}

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Up to three bytes as characters of six bits each, the lowest first. */
function encodeBytes(bytes: readonly number[], characters: number): string {
  let rest = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  let text = '';
  for (let index = 0; index < characters; index += 1, rest >>= 6) text += alphabet.charAt(rest % 64);
  return text;
}

/** Step 22: three bytes, each from another third of the digest; which third comes first goes round. */
function encode(digest: ShaCryptDigest, bytes: Buffer): string {
  const third = Math.floor(bytes.length / 3);
  const step = digest === 'sha512' ? 1 : 2;
  let text = '';
  for (let index = 0; index < third; index += 1) {
    const group = [0, 1, 2].map((place) => bytes[index + ((place + index * step) % 3) * third] ?? 0);
    text += encodeBytes(group, 4);
  }
  const last = [...bytes.subarray(3 * third)].toReversed();
  return text + encodeBytes(last, last.length + 1);
}

/** The last part of the hash `$5$rounds=…$salt$…`, or of `$6$…`. */
export async function shaCrypt(
  digest: ShaCryptDigest,
  rounds: number,
  saltText: string,
  passwordText: string,
): Promise<string> {
  const [password, salt] = [Buffer.from(passwordText, 'utf8'), Buffer.from(saltText, 'utf8')];
  let last = firstDigest(digest, password, salt);
  // Steps 13 to 20: what stands for the password and for the salt in the rounds.
  const p = repeated(digestOf(digest, Array<Buffer>(password.length).fill(password)), password.length);
  const s = repeated(digestOf(digest, Array<Buffer>(16 + (last[0] ?? 0)).fill(salt)), salt.length);
  // Step 21.
  for (let round = 0; round < rounds; round += 1) {
    if (round % roundsPerTurn === 0) await nextTurn();
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? p : last];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(isOdd ? last : p);
    last = digestOf(digest, parts);
  }
  return encode(digest, last);
}
