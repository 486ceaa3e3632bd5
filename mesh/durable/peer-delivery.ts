/** Empties the queue of one other node into that node, oldest first, and lets go of what it has confirmed. */

import * as v from "valibot";
import { Backoff } from "../../src/index.ts";
import type { Cancel, Clock } from "../clock.ts";
import { errorText } from "../error-text.ts";
import type { Messenger } from "../messaging/messenger.ts";
import { MeshError } from "../mesh-error.ts";
import type { ReadBounds } from "../outbox/bounded-read.ts";
import type { OutboxEntry, OutboxQueue } from "../outbox/outbox-queue.ts";
import { encodeDelivery } from "./entry.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_ENTRIES_MAX,
  DELIVERY_TIMEOUT_MS,
  ENTRY_ROOM_BYTES,
  RETRY_MAX_MS,
  RETRY_MIN_MS,
} from "./limits.ts";

export const DELIVER_SERVICE = "durable.deliver";

const Confirmed = v.object({ upTo: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) });

export interface PeerDeliveryOptions {
  readonly node: string;
  /** The id of this node's outbox. */
  readonly store: () => Promise<string>;
  readonly queue: OutboxQueue;
  readonly messenger: Pick<Messenger, "request" | "peers">;
  /** Of a request. */
  readonly payloadBytesMax: number;
  readonly clock: Clock;
}

type DeliveryState = "idle" | "sending" | "waiting" | "closed";

export interface PeerDeliveryStatus {
  readonly node: string;
  readonly state: DeliveryState;
  /** Messages. */
  readonly sent: number;
  /** Deliveries that were not confirmed. */
  readonly failed: number;
  /** Deliveries that were sent again. */
  readonly retried: number;
  /** Messages that were set aside. */
  readonly buried: number;
  readonly lastError: string | null;
}

const NEXT_STATES: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  idle: ["sending", "closed"],
  sending: ["idle", "waiting", "closed"],
  waiting: ["sending", "closed"],
  closed: [],
};

export class PeerDelivery {
  readonly #options: PeerDeliveryOptions;
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  readonly #abort = new AbortController();
  #state: DeliveryState = "idle";
  #cancelRetry: Cancel = () => {};
  #sent = 0;
  #failed = 0;
  #retried = 0;
  #buried = 0;
  #lastError: string | null = null;

  constructor(options: PeerDeliveryOptions) {
    this.#options = options;
  }

  /** What waits for the node. */
  get queue(): OutboxQueue {
    return this.#options.queue;
  }

  get status(): PeerDeliveryStatus {
    return {
      node: this.#options.node,
      state: this.#state,
      sent: this.#sent,
      failed: this.#failed,
      retried: this.#retried,
      buried: this.#buried,
      lastError: this.#lastError,
    };
  }

  /** Something was appended. */
  wake(): void {
    if (this.#state === "idle") void this.#run();
  }

  /** The node has come: what failed before is tried at once. */
  onUp(): void {
    this.#backoff.reset();
    if (this.#state !== "idle" && this.#state !== "waiting") return;
    this.#cancelRetry();
    void this.#run();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#enter("closed");
    this.#cancelRetry();
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { node, messenger, queue } = this.#options;
    // While it is away there is nothing to try; `onUp` tells.
    if (!messenger.peers().some(({ name }) => name === node)) return;
    let isAgain = this.#state === "waiting";
    this.#enter("sending");
    try {
      while (this.#state === "sending") {
        const entries = queue.read(this.#bounds);
        if (entries.length === 0) {
          this.#enter("idle");
          return;
        }
        if (isAgain) this.#retried += 1;
        isAgain = false;
        await this.#deliver(entries);
        this.#backoff.reset();
      }
    } catch (error) {
      this.#onFailure(error);
    }
  }

  /** Half of what a request may have is left to what stands around the entries. */
  get #bounds(): ReadBounds {
    const { payloadBytesMax } = this.#options;
    const bytesMax = Math.min(BATCH_BYTES_MAX, Math.ceil(payloadBytesMax / 2));
    const countMax = Math.min(BATCH_ENTRIES_MAX, Math.ceil(payloadBytesMax / ENTRY_ROOM_BYTES));
    return { bytesMax, countMax };
  }

  async #deliver(entries: readonly OutboxEntry[]): Promise<void> {
    const { queue } = this.#options;
    try {
      const upTo = await this.#send(entries);
      queue.removeUpTo(upTo);
      this.#sent += entries.filter(({ seq }) => seq <= upTo).length;
      this.#lastError = null;
    } catch (error) {
      const isTooLong = error instanceof MeshError && error.code === "invalid_payload";
      const [only, ...others] = entries;
      if (!isTooLong || only === undefined || others.length > 0) throw error;
      // It was kept when payloads could be longer; those behind it need not wait.
      queue.bury(only.seq, error.message);
      this.#buried += 1;
      this.#lastError = error.message;
    }
  }

  async #send(entries: readonly OutboxEntry[]): Promise<number> {
    const { node, store, messenger } = this.#options;
    const delivery = encodeDelivery({ store: await store(), entries });
    const answer = await messenger.request(node, DELIVER_SERVICE, delivery, {
      timeoutMs: DELIVERY_TIMEOUT_MS,
      signal: this.#abort.signal,
    });
    // [DURABLE-4.2]
    const { upTo } = v.parse(Confirmed, answer);
    const [first, last] = [entries.at(0)?.seq ?? 0, entries.at(-1)?.seq ?? 0];
    if (upTo >= first && upTo <= last) return upTo;
    throw new Error(`${node} confirmed ${upTo} of the entries ${first} to ${last}`);
  }

  #onFailure(error: unknown): void {
    if (this.#state !== "sending") return;
    this.#failed += 1;
    this.#lastError = errorText(error);
    this.#enter("waiting");
    this.#cancelRetry = this.#options.clock.after(this.#backoff.next(), () => {
      if (this.#state === "waiting") void this.#run();
    });
  }

  #enter(next: DeliveryState): void {
    if (!NEXT_STATES[this.#state].includes(next)) {
      throw new Error(`a delivery cannot go from ${this.#state} to ${next}`);
    }
    this.#state = next;
  }
}
