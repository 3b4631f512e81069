/** Object ids: 40 hexadecimal digits (SHA-1) or 64 (SHA-256), lower case as git writes them. */
const pattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function isObjectId(text: string): boolean {
  return pattern.test(text);
}

/** The all-zero id that stands for "no object" in ref updates. */
export function isZeroOid(oid: string): boolean {
  return /^0+$/.test(oid);
}
