/**
 * What a token looks like: nothing but letters and digits after its prefix, so that a double click selects all of it.
 *
 *     token    = "gtt_" id secret checksum
 *     id       = 10( a-z / 0-9 )            ; public: in lists, in the file, in `revoke`
 *     secret   = 43( 0-9 / A-Z / a-z )      ; 32 random bytes in base 62
 *     checksum = 6( 0-9 / A-Z / a-z )       ; CRC-32 of what stands before it, in base 62
 *
 * The prefix lets scanners of secrets find tokens that have got into a repository, and the checksum lets them and us
 * tell a token from a typing error without asking anybody.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** How every token begins; whatever begins so is taken for a token. */
export const tokenPrefix = 'gtt_';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idDigits = '0123456789abcdefghijklmnopqrstuvwxyz';

const idLength = 10;
const secretLength = 43;
const checksumLength = 6;

const tokenForm = /^gtt_([0-9a-z]{10})[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/;

/** The last `length` digits of a number. */
function inBase(alphabet: string, number: bigint, length: number): string {
  const base = BigInt(alphabet.length);
  let text = '';
  for (let rest = number; text.length < length; rest /= base) text = alphabet[Number(rest % base)] + text;
  return text;
}

function randomNumber(): bigint {
  return BigInt(`0x${randomBytes(32).toString('hex')}`);
}

function checksum(text: string): string {
  return inBase(digits, BigInt(crc32(text)), checksumLength);
}

/** A new token with its id. */
export function makeToken(): { readonly id: string; readonly token: string } {
  const id = inBase(idDigits, randomNumber(), idLength);
  const text = tokenPrefix + id + inBase(digits, randomNumber(), secretLength);
  return { id, token: text + checksum(text) };
}

/** The id in a token; undefined for what is no token, or one with a typing error. */
export function tokenId(text: string): string | undefined {
  const id = tokenForm.exec(text)?.[1];
  return id !== undefined && checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength)
    ? id
    : undefined;
}

/** Whether this can be the id of a token. */
export function isTokenId(text: string): boolean {
  return /^[0-9a-z]{10}$/.test(text);
}

/**
 * What is stored in place of a token. Slow hashes and salts are against guessing, and a token cannot be guessed: it
 * holds 256 random bits. So a fast hash is as safe, and it costs no request a tenth of a second.
 */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
