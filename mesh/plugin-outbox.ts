/** The node's outbox, as one plugin sees it. */

import type { Registration } from "../src/index.ts";
import type { Durable } from "./durable/durable.ts";
import type { Tap } from "./durable/taps.ts";
import type { OutboxQueue } from "./outbox/outbox-queue.ts";
import type { QueueOptions } from "./outbox/queue-options.ts";
import type { PluginHoldings } from "./plugin-holdings.ts";

export interface PluginOutbox {
  /**
   * A queue of the plugin's own, with what is in it from earlier starts. Opened again, it is the same with new options.
   *
   * @throws {OutboxError}
   */
  queue(name: string, options: QueueOptions): OutboxQueue;
  /**
   * Lets a queue have what is published on this node, on the topics that match, from now on. A durable publish, and one
   * over HTTP, resolves only once it is on the disk there.
   *
   * @throws {MeshError} `invalid_topic`
   */
  tap(patterns: readonly string[], tap: Tap): Registration;
}

export class HeldOutbox implements PluginOutbox {
  readonly #durable: Pick<Durable, "open" | "use" | "tap">;
  readonly #plugin: string;
  readonly #held: PluginHoldings;
  readonly #used = new Set<string>();

  constructor(
    durable: Pick<Durable, "open" | "use" | "tap">,
    plugin: string,
    held: PluginHoldings,
  ) {
    this.#durable = durable;
    this.#plugin = plugin;
    this.#held = held;
  }

  queue(name: string, options: QueueOptions): OutboxQueue {
    this.#held.assertLoaded();
    const queue = this.#durable.open().queue(`${this.#plugin}:${name}`, options);
    if (!this.#used.has(queue.name)) this.#held.keep(this.#durable.use(queue.name));
    this.#used.add(queue.name);
    return queue;
  }

  tap(patterns: readonly string[], tap: Tap): Registration {
    this.#held.assertLoaded();
    return this.#held.keep(this.#durable.tap(patterns, tap));
  }
}
