import type { Message, PluginNode, Subscription } from "../../index.ts";
import { QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX } from "./limits.ts";
import type { Outlet } from "./outlet.ts";

export interface BusSubscriptionOptions {
  readonly node: Pick<PluginNode, "subscribe">;
  readonly outlet: Outlet;
  readonly id: number;
  readonly pattern: string;
  readonly group: string | null | undefined;
}

/**
 * One subscription of an application. While the application is behind, messages wait in the subscription's
 * own queue, where the oldest give way, and the gap is told where it is. [BUS-4.1]
 */
export class BusSubscription {
  readonly #outlet: Outlet;
  readonly #id: number;
  readonly #subscription: Subscription;
  #droppedTold = 0;
  #isClosed = false;

  /** @throws {MeshError} `invalid_topic`, `too_many_subscriptions` */
  constructor({ node, outlet, id, pattern, group }: BusSubscriptionOptions) {
    this.#outlet = outlet;
    this.#id = id;
    this.#subscription = node.subscribe(pattern, (message) => this.#onMessage(message), {
      queue: { messagesMax: QUEUE_MESSAGES_MAX, bytesMax: QUEUE_BYTES_MAX },
      ...(typeof group === "string" && { group }),
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription.unsubscribe();
  }

  #onMessage(message: Message): void | Promise<void> {
    // Those that have given way up to now came before this message; what gives way while it waits came after.
    const gap = this.#subscription.dropped - this.#droppedTold;
    this.#droppedTold += gap;
    if (this.#outlet.hasRoom) {
      this.#tell(message, gap);
      return undefined;
    }
    return this.#outlet.whenRoom(() => this.#tell(message, gap));
  }

  #tell(message: Message, gap: number): void {
    if (this.#isClosed) return;
    if (gap > 0) this.#tellDropped(gap);
    try {
      const { topic, from, payload } = message;
      this.#outlet.send({ op: "message", id: this.#id, topic, from, payload });
    } catch {
      // No value, or one that is nested too deeply to stand in a message: the sender's affair.
      this.#tellDropped(1);
    }
  }

  #tellDropped(count: number): void {
    this.#outlet.send({ op: "dropped", id: this.#id, count });
  }
}
