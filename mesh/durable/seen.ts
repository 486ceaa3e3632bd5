/** Up to which number deliveries of other nodes were kept here, so that none is kept twice. */

import * as v from "valibot";
import type { OutboxRecords } from "../outbox/outbox-records.ts";
import type { RecordChange } from "../outbox/record-table.ts";
import { SENDERS_MAX, STORES_SEEN_MAX } from "./limits.ts";

const SEEN = "seen:";

const Saved = v.object({
  /** When something was last kept, in milliseconds since 1970. */
  at: v.number(),
  /** Of its outboxes, the latest first, with the highest number of each. */
  stores: v.array(v.tuple([v.string(), v.number()])),
});
type Saved = v.InferOutput<typeof Saved>;

/** By node, so that none can tell what another one has sent; the nodes that were heard of last. */
export class Seen {
  readonly #records: Pick<OutboxRecords, "get" | "keys">;
  #senders: Set<string> | undefined;

  constructor(records: Pick<OutboxRecords, "get" | "keys">) {
    this.#records = records;
  }

  /** The highest number of the store that was kept. */
  of(node: string, store: string): number {
    return this.#saved(node).stores.find(([known]) => known === store)?.[1] ?? 0;
  }

  /** What to write together with what is kept. */
  changes(node: string, store: string, seq: number): readonly RecordChange[] {
    const others = this.#saved(node).stores.filter(([known]) => known !== store);
    const stores = [[store, seq] as const, ...others].slice(0, STORES_SEEN_MAX);
    const value = JSON.stringify({ at: Date.now(), stores });
    return [...this.#makeRoom(node), { key: SEEN + node, value }];
  }

  #makeRoom(node: string): readonly RecordChange[] {
    this.#senders ??= new Set(
      this.#records.keys().flatMap((key) => (key.startsWith(SEEN) ? [key.slice(SEEN.length)] : [])),
    );
    const senders = this.#senders;
    if (senders.has(node)) return [];
    senders.add(node);
    if (senders.size <= SENDERS_MAX) return [];
    const others = [...senders].filter((sender) => sender !== node);
    const [oldest] = others.toSorted((one, other) => this.#saved(one).at - this.#saved(other).at);
    if (oldest === undefined) return [];
    senders.delete(oldest);
    return [{ key: SEEN + oldest, value: undefined }];
  }

  #saved(node: string): Saved {
    try {
      return v.parse(Saved, JSON.parse(this.#records.get(SEEN + node) ?? ""));
    } catch {
      return { at: 0, stores: [] };
    }
  }
}
