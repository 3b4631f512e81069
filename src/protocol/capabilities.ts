/**
 * Capability lists as v0 and v1 send them behind a NUL (gitprotocol-capabilities):
 *
 *   capability-list = capability *(SP capability)      capability = key ["=" value]
 */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

/** Keys with all their values, in the order they came; a capability without a value has an empty list. */
export function parseCapabilities(text: string): Capabilities {
  const found = new Map<string, string[]>();
  // git ends an item at any white space (connect.c: parse_feature_value).
  for (const item of text.split(/[ \t\n\v\f\r]+/)) {
    if (item === '') continue;
    const equals = item.indexOf('=');
    const key = equals < 0 ? item : item.slice(0, equals);
    const values = found.get(key) ?? [];
    if (equals >= 0) values.push(item.slice(equals + 1));
    found.set(key, values);
  }
  return found;
}
