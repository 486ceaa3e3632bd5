/** What other nodes deliver: kept on the disk for the consumers here, and confirmed then. */

import { MeshError } from "../mesh-error.ts";
import type { NewEntry, Outbox } from "../outbox/outbox.ts";
import { type Delivery, decodePublished, encodeArrived, parseDelivery } from "./entry.ts";
import { BATCH_ENTRIES_MAX } from "./limits.ts";

const SEEN = "seen:";

export interface ReceiverOptions {
  readonly outbox: Outbox;
  /** What the consumers here are to have of it. */
  readonly entriesFor: (topic: string, bytes: () => Uint8Array) => readonly NewEntry[];
  readonly onArrived: () => void;
}

export class Receiver {
  readonly #options: ReceiverOptions;
  /** By store: deliveries of one are taken one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Answers up to which number all is kept, or was before.
   *
   * @throws {MeshError} `remote_failure` for what is no delivery, {OutboxError} where it cannot be kept
   */
  async take(from: string, payload: unknown): Promise<{ readonly upTo: number }> {
    const delivery = parsedDelivery(payload);
    const { store } = delivery;
    const turn = (this.#turns.get(store) ?? Promise.resolve()).then(() =>
      this.#keep(from, delivery),
    );
    const settled = turn.catch(() => {});
    this.#turns.set(store, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(store) === settled) this.#turns.delete(store);
    }
  }

  async #keep(node: string, { store, entries }: Delivery): Promise<{ readonly upTo: number }> {
    const { outbox, entriesFor, onArrived } = this.#options;
    const key = SEEN + store;
    const seen = Number(outbox.records.get(key) ?? 0);
    const upTo = entries.at(-1)?.seq ?? seen;
    const fresh = entries.filter(({ seq }) => seq > seen);
    if (fresh.length === 0) return { upTo };
    const kept = fresh.flatMap(({ seq, bytes }) => {
      const published = decodePublished(bytes);
      return entriesFor(published.topic, () => encodeArrived({ node, store, seq }, published));
    });
    // In one commit: what is confirmed is kept, and never kept twice.
    await outbox.append(kept, [{ key, value: String(upTo) }]);
    onArrived();
    return { upTo };
  }
}

/** @throws {MeshError} `remote_failure` where it is none */
export function parsedDelivery(payload: unknown): Delivery {
  try {
    const delivery = parseDelivery(payload);
    const { entries } = delivery;
    const isSorted = entries.every(({ seq }, at) => at === 0 || seq > (entries[at - 1]?.seq ?? 0));
    if (isSorted && entries.length <= BATCH_ENTRIES_MAX) {
      for (const { bytes } of entries) decodePublished(bytes);
      return delivery;
    }
  } catch {
    // Not even a list.
  }
  throw new MeshError("remote_failure", "this is no delivery of durable messages");
}
