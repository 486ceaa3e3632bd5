/** What a read may answer at most. */
export interface ReadBounds {
  readonly countMax: number;
  /** Bytes of the entries together; the first is answered however long it is. */
  readonly bytesMax: number;
}

/** The first of what `spans` have, within the bounds; no more than one is read in vain. */
export function readBounded<Span, Entry extends { readonly bytes: Uint8Array }>(
  spans: Iterable<Span>,
  read: (span: Span, countMax: number) => Iterable<Entry>,
  { countMax, bytesMax }: ReadBounds,
): Entry[] {
  const entries: Entry[] = [];
  let bytes = 0;
  for (const span of spans) {
    for (const entry of read(span, countMax - entries.length)) {
      bytes += entry.bytes.length;
      if (bytes > bytesMax && entries.length > 0) return entries;
      entries.push(entry);
    }
    if (entries.length >= countMax) return entries;
  }
  return entries;
}
