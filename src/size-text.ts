const sizeTexts = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes for people: in the largest unit of which it is a whole number. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1024 && size % 1024 === 0 && unit < sizeTexts.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size} ${sizeTexts[unit]}`;
}
