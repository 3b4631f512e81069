/** Packs: made by git, and by hand (gitformat-pack). */
import { gitOk } from './fixtures.js';

export interface PackOptions {
  /** For `git pack-objects`. */
  readonly args?: readonly string[];
  /** Settings, as `name=value`. */
  readonly config?: readonly string[];
}

/** What git packs of a repository for these revisions, one in a line. */
export async function packOf(
  cwd: string,
  revisions: readonly string[],
  { args = [], config = [] }: PackOptions = {},
): Promise<Buffer> {
  const settings = config.flatMap((setting) => ['-c', setting]);
  const alias = `alias.pack=!git pack-objects --stdout -q --revs ${args.join(' ')} | base64 -w0`;
  const encoded = await gitOk([...settings, '-c', alias, 'pack'], {
    cwd,
    input: `${revisions.join('\n')}\n`,
  });
  return Buffer.from(encoded, 'base64');
}

export function packHeader(entries: number, version = 2): Buffer {
  const header = Buffer.from('PACK\0\0\0\0\0\0\0\0');
  header.writeUInt32BE(version, 4);
  header.writeUInt32BE(entries, 8);
  return header;
}

export const entryTypes = { blob: 3, ofsDelta: 6, refDelta: 7 } as const;

/** The type and the size of an entry. */
export function entryHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size % 16)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) as number) | 0x80;
    bytes.push(rest % 128);
  }
  return Buffer.from(bytes);
}
