/** What other nodes deliver: kept on the disk for the consumers here, and confirmed then. */

import { MeshError } from "../mesh-error.ts";
import type { NewEntry, Outbox } from "../outbox/outbox.ts";
import { decodePublished, encodeArrived, type Published, parseDelivery } from "./entry.ts";
import { BATCH_ENTRIES_MAX } from "./limits.ts";
import { NameTurns } from "./name-turns.ts";
import { Seen } from "./seen.ts";

export interface ReceiverOptions {
  /** This node's. */
  readonly nodeName: string;
  readonly outbox: Outbox;
  /** What the consumers here are to have of it. */
  readonly entriesFor: (topic: string, bytes: () => Uint8Array) => readonly NewEntry[];
  readonly onArrived: () => void;
}

/** What came from another node, with the numbers that it has there. */
interface ParsedDelivery {
  readonly store: string;
  readonly entries: readonly { readonly seq: number; readonly published: Published }[];
}

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #seen: Seen;
  readonly #turns = new NameTurns();

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#seen = new Seen(options.outbox.records);
  }

  /**
   * Answers up to which number all is kept, or was before.
   *
   * @throws {MeshError} `remote_failure` for what is no delivery, {OutboxError} where it cannot be kept
   */
  async take(from: string, payload: unknown): Promise<{ readonly upTo: number }> {
    const delivery = parsedDelivery(payload);
    return await this.#turns.run(from, () => this.#keep(from, delivery));
  }

  async #keep(
    node: string,
    { store, entries }: ParsedDelivery,
  ): Promise<{ readonly upTo: number }> {
    const { nodeName, outbox, entriesFor, onArrived } = this.#options;
    // The sender counts anew for each node, and a node that has another name now is another one to it.
    const counted = `${nodeName}/${store}`;
    const seen = this.#seen.of(node, counted);
    const upTo = entries.at(-1)?.seq ?? seen;
    const fresh = entries.filter(({ seq }) => seq > seen);
    if (fresh.length === 0) return { upTo };
    const kept = fresh.flatMap(({ seq, published }) =>
      entriesFor(published.topic, () => encodeArrived({ node, store, seq }, published)),
    );
    // In one commit: what is confirmed is kept, and never kept twice. [DURABLE-4.4]
    await outbox.append(kept, this.#seen.changes(node, counted, upTo));
    onArrived();
    return { upTo };
  }
}

/** @throws {MeshError} `remote_failure` where it is none [DURABLE-4.6] */
export function parsedDelivery(payload: unknown): ParsedDelivery {
  try {
    const { store, entries } = parseDelivery(payload);
    const isSorted = entries.every(({ seq }, at) => at === 0 || seq > (entries[at - 1]?.seq ?? 0));
    if (isSorted && entries.length <= BATCH_ENTRIES_MAX) {
      return {
        store,
        entries: entries.map(({ seq, bytes }) => ({ seq, published: decodePublished(bytes) })),
      };
    }
  } catch {
    // Not even a list.
  }
  throw new MeshError("remote_failure", "this is no delivery of durable messages");
}
