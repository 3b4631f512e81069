/**
 * The hashes of crypt(3) that Apache's htpasswd makes: SHA-crypt and its own variant of MD5-crypt, apr1. They are
 * computed on the main thread.
 */
import { timingSafeEqual } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { shaCrypt, type ShaCryptDigest } from './sha-crypt.js';

/** A stored password that is checked by repeating a digest. */
export type CryptPassword =
  | {
      readonly kind: 'sha-crypt';
      readonly digest: ShaCryptDigest;
      readonly rounds: number;
      readonly salt: string;
      readonly hash: string;
    }
  | { readonly kind: 'apr1'; readonly hash: string };

const shaCryptForm = /^\$([56])\$(?:rounds=([1-9]\d{3,8})\$)?([./0-9A-Za-z]{1,16})\$([./0-9A-Za-z]+)$/;
const hashLength = { sha256: 43, sha512: 86 } as const;

const apr1Form = /^\$apr1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}$/;

/** What a hash without a number means. */
const defaultRounds = 5_000;

/** Half a second or so of a processor. */
const maxRounds = 100_000;

/** The work grows with the password, for SHA-crypt with its square. htpasswd takes no more than 255 bytes. */
const maxPasswordBytes = 256;

/** Reads a SHA-crypt hash; a text says what is wrong with it. */
export function parseShaCrypt(text: string): CryptPassword | string {
  const [, id, given, salt = '', hash = ''] = shaCryptForm.exec(text) ?? [];
  const digest = id === '5' ? 'sha256' : 'sha512';
  if (hash.length !== hashLength[digest]) return 'the SHA-crypt hash is damaged';
  const rounds = Number(given ?? defaultRounds);
  if (rounds > maxRounds) return `the rounds of a SHA-crypt hash may be 1000 to ${maxRounds}`;
  return { kind: 'sha-crypt', digest, rounds, salt, hash };
}

/** Reads an apr1 hash; a text says what is wrong with it. */
export function parseApr1(text: string): CryptPassword | string {
  return apr1Form.test(text) ? { kind: 'apr1', hash: text } : 'the apr1 hash is damaged';
}

async function compute(stored: CryptPassword, password: string): Promise<string> {
  if (stored.kind === 'sha-crypt') return shaCrypt(stored.digest, stored.rounds, stored.salt, password);
  // Of many checks one after the other, none may keep the server from its other work.
  await nextTurn();
  // Loaded when it is needed: most servers see none of these.
  const { default: module } = await import('apache-md5');
  // Its types promise a module within the module, which is not there.
  const apr1 = module as unknown as (password: string, salt: string) => string;
  // It takes a character for a byte; what htpasswd hashes are the bytes of UTF-8.
  return apr1(Buffer.from(password, 'utf8').toString('latin1'), stored.hash);
}

/** Whether `password` is the stored one. */
export async function verifyCrypt(stored: CryptPassword, password: string): Promise<boolean> {
  if (Buffer.byteLength(password) > maxPasswordBytes) return false;
  const [made, hash] = [Buffer.from(await compute(stored, password)), Buffer.from(stored.hash)];
  return made.length === hash.length && timingSafeEqual(made, hash);
}
