/** The publisher's side: which nodes want durable messages, what waits for each, and its delivery. [DURABLE-3] */

import type { Clock } from "../clock.ts";
import type { Messenger } from "../messaging/messenger.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { encodePublished, type Published } from "./entry.ts";
import { NameTurns } from "./name-turns.ts";
import { PeerDelivery, type PeerDeliveryStatus } from "./peer-delivery.ts";
import type { StoreId } from "./store.ts";
import { peerQueueOf, Subscribers } from "./subscribers.ts";

export interface PeerQueuesOptions {
  readonly messaging: Pick<Messenger, "request" | "peers">;
  readonly payloadBytesMax: number;
  readonly clock: Clock;
}

/** Where it is kept, once there is an outbox. */
interface Kept {
  readonly outbox: Outbox;
  readonly storeId: StoreId;
}

export interface PeerQueueStatus extends PeerDeliveryStatus {
  readonly patterns: readonly string[];
}

export class PeerQueues {
  readonly #options: PeerQueuesOptions;
  readonly #subscribers: Subscribers;
  readonly #deliveries = new Map<string, PeerDelivery>();
  /** A node is not wanted again while what waited for it is still being thrown away. */
  readonly #turns = new NameTurns();
  #kept: Kept | undefined;

  constructor(options: PeerQueuesOptions) {
    this.#options = options;
    this.#subscribers = new Subscribers({
      isUp: (node) => this.isUp(node),
      onForgotten: (node) => {
        this.#deliveries.get(node)?.close();
        this.#deliveries.delete(node);
      },
    });
  }

  /** What earlier starts kept is delivered, too. Resolves once it is kept who wants what. */
  async keepIn(outbox: Outbox, storeId: StoreId): Promise<void> {
    this.#kept = { outbox, storeId };
    const kept = this.#subscribers.keepIn(outbox);
    for (const { node } of this.#subscribers.list()) this.#deliveryFor(this.#kept, node).wake();
    await kept;
  }

  /** One promise for each node that wants it: that it is on the disk. */
  append(published: Published): Promise<void>[] {
    const kept = this.#kept;
    const nodes = kept === undefined ? [] : this.#subscribers.wanting(published.topic);
    if (kept === undefined || nodes.length === 0) return [];
    const bytes = encodePublished(published);
    return nodes.map((node) => this.#append(kept, node, bytes));
  }

  /** What the node wants from now on; with nothing it is forgotten, and what waits for it. [DURABLE-2.3] */
  async want(from: string, payload: unknown): Promise<null> {
    return await this.#turns.run(from, async () => {
      await this.#subscribers.set(from, payload);
      const isWanted = this.#subscribers.list().some(({ node }) => node === from);
      if (isWanted && this.#kept !== undefined) this.#deliveryFor(this.#kept, from).wake();
      return null;
    });
  }

  onUp(node: string): void {
    this.#deliveries.get(node)?.onUp();
  }

  isUp(node: string): boolean {
    return this.#options.messaging.peers().some(({ name }) => name === node);
  }

  /** Something was appended in another way. */
  wake(): void {
    for (const delivery of this.#deliveries.values()) delivery.wake();
  }

  status(): readonly PeerQueueStatus[] {
    const patternsOf = new Map(this.#subscribers.list().map((one) => [one.node, one.patterns]));
    return [...this.#deliveries.values()].map(({ status }) =>
      Object.assign({ patterns: patternsOf.get(status.node) ?? [] }, status),
    );
  }

  close(): void {
    for (const delivery of this.#deliveries.values()) delivery.close();
  }

  async #append(kept: Kept, node: string, bytes: Uint8Array): Promise<void> {
    // Before anything is awaited: the node may be forgotten meanwhile, and is not to come back by this.
    const delivery = this.#deliveryFor(kept, node);
    await delivery.queue.append(bytes);
    delivery.wake();
  }

  #deliveryFor({ outbox, storeId }: Kept, node: string): PeerDelivery {
    const known = this.#deliveries.get(node);
    if (known !== undefined) return known;
    const { messaging, clock, payloadBytesMax } = this.#options;
    const delivery = new PeerDelivery({
      node,
      store: () => storeId.get(),
      queue: peerQueueOf(outbox, node),
      messenger: messaging,
      payloadBytesMax,
      clock,
    });
    this.#deliveries.set(node, delivery);
    return delivery;
  }
}
