/**
 * Request paths become names of repositories here and nowhere else, so that what is authorised and what is
 * opened cannot differ (two views of one path: klaus, dulwich, `//repo`).
 */
const maxPathBytes = 4096;

/** The longest file name that common file systems allow. */
const maxSegmentBytes = 255;

function hasForbiddenCharacter(segment: string): boolean {
  for (const character of segment) {
    // A backslash separates on Windows; a slash can only come out of %2f; controls belong in no name.
    if (character < ' ' || character === '\u007f' || character === '/' || character === '\\') return true;
  }
  return false;
}

function decodeSegment(raw: string): string | undefined {
  try {
    return raw.includes('%') ? decodeURIComponent(raw) : raw;
  } catch {
    return undefined;
  }
}

/** Whether `segment` may be one part of a repository's path. */
export function isSafeSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false;
  if (Buffer.byteLength(segment) > maxSegmentBytes) return false;
  // `C:` would leave the root on Windows, and `name:stream` opens something else than `name`.
  if (/^[A-Za-z]:/.test(segment) || (process.platform === 'win32' && /[:]|[. ]$/.test(segment))) return false;
  return !hasForbiddenCharacter(segment);
}

/**
 * The parts of a raw, percent-encoded path that begins with `/`, each decoded once.
 * Undefined for a path that names nothing we would ever serve; it is not repaired.
 */
export function parsePath(rawPath: string): readonly string[] | undefined {
  if (!rawPath.startsWith('/') || rawPath.length > maxPathBytes) return undefined;
  const segments: string[] = [];
  for (const raw of rawPath.slice(1).split('/')) {
    const segment = decodeSegment(raw);
    if (segment === undefined || !isSafeSegment(segment)) return undefined;
    segments.push(segment);
  }
  return segments;
}
