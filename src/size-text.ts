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

/** A number of bytes that changes, for people who watch it: three digits or so. */
export function roughSizeText(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1000 && unit < sizeTexts.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit > 0 && size < 100 ? size.toFixed(1) : Math.round(size)} ${sizeTexts[unit]}`;
}
