/** One topic from node `a` to node `b`, where a callback counts what comes; nothing may get lost. */

import type { Message, PluginNode } from "../mesh/index.ts";
import { SERVING } from "./mesh-pair.ts";
import { confirmTally, Tally } from "./tally.ts";

const TOPIC = "bench.counted";
const SERVICE = "bench.tally";

/** Ends a run; bytes, also where what is counted are values. */
const END = Buffer.alloc(0);

/** A machine that is busy with something else must not cost messages: then a run would mean nothing. */
const QUEUE = { messagesMax: 1_000_000, bytesMax: 256 * 1024 * 1024 };

/** Longer than what waits takes to arrive. */
const TALLY_TIMEOUT_MS = 10_000;

/** On node `b`: `read` answers the bytes that a message counts for, or `undefined` for the end of the run. */
export function countOn(node: PluginNode, read: (message: Message) => number | undefined): void {
  const tally = new Tally();
  let ended = Promise.withResolvers<string>();
  let droppedBefore = 0;
  const count = (message: Message): void => {
    const bytes = read(message);
    if (bytes !== undefined) {
      tally.count(bytes);
      return;
    }
    const dropped = subscription.dropped - droppedBefore;
    droppedBefore = subscription.dropped;
    ended.resolve(`${tally.take()}${dropped > 0 ? `, and dropped ${dropped}` : ""}`);
  };
  const subscription = node.subscribe(TOPIC, count, { queue: QUEUE });
  node.serve(SERVICE, async () => {
    const text = await ended.promise;
    ended = Promise.withResolvers();
    return text;
  });
}

/** On node `a`. */
export class CountedTopic {
  readonly #node: PluginNode;
  #messages = 0;

  constructor(node: PluginNode) {
    this.#node = node;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Answers `false` when the next message should wait for the node's `drained`. */
  publish(payload: unknown): boolean {
    this.#messages += 1;
    return this.#node.publish(TOPIC, payload);
  }

  /**
   * Resolves once everything was counted.
   *
   * @throws {Error} if anything is missing
   */
  async end(bytesEach: number): Promise<void> {
    this.#node.publish(TOPIC, END);
    const options = { timeoutMs: TALLY_TIMEOUT_MS };
    const text = await this.#node.request(SERVING, SERVICE, null, options);
    confirmTally(String(text), this.#messages, bytesEach);
  }
}
