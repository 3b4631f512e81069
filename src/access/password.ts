/** Passwords as files hold them: plain, or as a hash of scrypt, bcrypt or what else htpasswd makes. */
import { createHmac, randomBytes, scrypt as scryptCallback, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { parseApr1, parseShaCrypt, verifyCrypt, type CryptPassword } from './crypt-password.js';

interface ScryptPassword {
  readonly kind: 'scrypt';
  /** log2 of the work; with `blockSize` it gives the memory, 128 * 2^logCost * blockSize bytes. */
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** A password as it is stored. */
export type StoredPassword =
  | { readonly kind: 'plain'; readonly password: string }
  | ScryptPassword
  | { readonly kind: 'bcrypt'; readonly cost: number; readonly hash: string }
  | CryptPassword;

/** What is wrong with a stored password, without advice. The text never holds the password itself. */
export class PasswordFormatError extends Error {
  override readonly name = 'PasswordFormatError';
}

const scrypt = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scryptCallback,
);

/** 32 MiB and about a tenth of a second for each check: what OWASP gives as equal to its first choice. */
const newHash = { logCost: 15, blockSize: 8, parallelism: 3 } as const;

/** One check may not take a machine's memory, nor hold up the others for long. */
const maxScryptBytes = 256 * 1024 * 1024;
const maxParallelism = 16;
const maxBcryptCost = 15;

/** The form of Modular Crypt and PHC hashes, `$id$…`, and of LDAP's, `{SCHEME}…`. */
const hashForm = /^(?:\$([A-Za-z0-9-]{1,32})\$|\{[A-Za-z0-9./-]{1,32}\})/;

const scryptForm =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{8,128})\$([A-Za-z0-9+/]{22,128})$/;

const bcryptForm = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/;

function scryptBytes({ logCost, blockSize }: Pick<ScryptPassword, 'logCost' | 'blockSize'>): number {
  return 128 * 2 ** logCost * blockSize;
}

function parseScrypt(text: string): ScryptPassword {
  const [, logCost, blockSize, parallelism, salt = '', hash = ''] = scryptForm.exec(text) ?? [];
  if (logCost === undefined) {
    throw new PasswordFormatError('the $scrypt$ hash is damaged');
  }
  const parsed: ScryptPassword = {
    kind: 'scrypt',
    logCost: Number(logCost),
    blockSize: Number(blockSize),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  const isUsable = parsed.logCost > 0 && parsed.blockSize > 0 && parsed.parallelism > 0;
  if (!isUsable || scryptBytes(parsed) > maxScryptBytes || parsed.parallelism > maxParallelism) {
    throw new PasswordFormatError('the $scrypt$ hash asks for too much or too little work');
  }
  return parsed;
}

function parseBcrypt(text: string): StoredPassword {
  const cost = Number(bcryptForm.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(cost)) {
    throw new PasswordFormatError('the bcrypt hash is damaged');
  }
  if (cost < 4 || cost > maxBcryptCost) {
    throw new PasswordFormatError(`the cost of a bcrypt hash may be 4 to ${maxBcryptCost}`);
  }
  return { kind: 'bcrypt', cost, hash: text };
}

function known(parsed: CryptPassword | string): StoredPassword {
  if (typeof parsed === 'string') throw new PasswordFormatError(parsed);
  return parsed;
}

/**
 * Reads what stands for a password. A hash of a kind that is not known is refused: taken as plain, the hash
 * itself would become the password.
 */
export function parseStoredPassword(text: string): StoredPassword {
  const [form, id] = hashForm.exec(text) ?? [];
  if (form === undefined) return { kind: 'plain', password: text };
  if (id === 'scrypt') return parseScrypt(text);
  if (id === '2a' || id === '2b' || id === '2y') return parseBcrypt(text);
  if (id === '5' || id === '6') return known(parseShaCrypt(text));
  if (id === 'apr1') return known(parseApr1(text));
  throw new PasswordFormatError(`hashes of the kind ${form} are not supported`);
}

/** Stored passwords with equal keys take equal work to check. */
export function workOf(stored: StoredPassword): string {
  switch (stored.kind) {
    case 'plain':
    case 'apr1':
      return stored.kind;
    case 'bcrypt':
      return [stored.kind, stored.cost].join(' ');
    case 'sha-crypt':
      return [stored.kind, stored.digest, stored.rounds].join(' ');
    case 'scrypt':
      return [stored.kind, stored.logCost, stored.blockSize, stored.parallelism].join(' ');
  }
}

function derive(password: string, { salt, hash, ...rest }: ScryptPassword): Promise<Buffer> {
  const { logCost, blockSize, parallelism } = rest;
  // OpenSSL counts a little more than the block itself; without room for it Node.js refuses to start.
  const maxmem = scryptBytes(rest) + 128 * blockSize * (parallelism + 2) + 1024;
  return scrypt(password, salt, hash.length, { N: 2 ** logCost, r: blockSize, p: parallelism, maxmem });
}

const comparisonKey = randomBytes(32);

/** Digests under a secret key are of one length, so that not even a length shows in the time this takes. */
function isSameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHmac('sha256', comparisonKey).update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

/** Whether `password` is the one that is stored. */
export async function verifyPassword(stored: StoredPassword, password: string): Promise<boolean> {
  switch (stored.kind) {
    case 'plain':
      return isSameText(stored.password, password);
    case 'scrypt':
      return timingSafeEqual(await derive(password, stored), stored.hash);
    case 'bcrypt': {
      // Loaded when it is needed: most files hold none of these.
      const { compare } = await import('bcryptjs');
      return compare(password, stored.hash);
    }
    case 'sha-crypt':
    case 'apr1':
      return verifyCrypt(stored, password);
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/**
 * Hashes a password for an access file: scrypt in the PHC form, `$scrypt$ln=15,r=8,p=3$salt$hash`.
 *
 * @example
 * console.log(`alice = ${await hashPassword('correct horse')}`);
 */
export async function hashPassword(password: string): Promise<string> {
  if (password === '') throw new TypeError('the password is empty');
  const salt = randomBytes(16);
  const { logCost, blockSize, parallelism } = newHash;
  const hash = await derive(password, { kind: 'scrypt', ...newHash, salt, hash: Buffer.alloc(32) });
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
}
