import type { Fail } from './access-file-error.js';

/** The lines of a file that has to be UTF-8; one that is not is named by `fail`. */
export function decodeLines(content: Uint8Array, fail: Fail): string[] {
  const lines: string[] = [];
  const bytes = Buffer.from(content);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let start = 0;
  while (start <= bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    try {
      lines.push(decoder.decode(bytes.subarray(start, end)));
    } catch {
      fail(lines.length + 1, 'the line is not UTF-8; save the file as UTF-8');
    }
    start = end + 1;
  }
  return lines;
}
