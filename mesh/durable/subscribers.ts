/** Other nodes that want durable messages, known also while they are away. */

import * as v from "valibot";
import type { Outbox } from "../outbox/outbox.ts";
import type { OutboxQueue } from "../outbox/outbox-queue.ts";
import { assertPattern, matches } from "../topics/topic.ts";
import { CONSUMERS_MAX, QUEUE_AGE_MAX_MS, QUEUE_BYTES_MAX, SUBSCRIBERS_MAX } from "./limits.ts";

const RECORD = "subscriber:";
const QUEUE = "peer:";

const Patterns = v.pipe(
  v.array(v.pipe(v.string(), v.check(isPattern))),
  v.maxLength(CONSUMERS_MAX),
);

const Saved = v.object({ patterns: Patterns });

export interface Subscriber {
  readonly node: string;
  readonly patterns: readonly string[];
}

export class Subscribers {
  readonly #wants = new Map<string, readonly string[]>();
  #outbox: Outbox | undefined;

  /** What earlier starts knew is known again, unless it was told anew meanwhile; and is kept from now on. */
  async keepIn(outbox: Outbox): Promise<void> {
    this.#outbox = outbox;
    for (const key of outbox.records.keys()) {
      if (!key.startsWith(RECORD)) continue;
      const node = key.slice(RECORD.length);
      const patterns = savedPatterns(outbox.records.get(key));
      if (patterns !== undefined && !this.#wants.has(node)) this.#wants.set(node, patterns);
    }
    for (const [node, patterns] of this.#wants) await this.#save(outbox, node, patterns);
  }

  /**
   * What a node wants from now on. Who wants nothing is forgotten, with what waits for it. Resolves once it is kept.
   * [DURABLE-2]
   *
   * @throws {v.ValiError} where it is no list of patterns
   */
  async set(node: string, wanted: unknown): Promise<void> {
    const patterns = v.parse(Patterns, wanted);
    const before = this.#wants.get(node);
    if (before === undefined && patterns.length === 0) return;
    if (before === undefined && this.#wants.size >= SUBSCRIBERS_MAX) {
      throw new Error(`durable messages are kept for ${SUBSCRIBERS_MAX} nodes already`);
    }
    if (patterns.length === 0) this.#wants.delete(node);
    else this.#wants.set(node, patterns);
    if (this.#outbox === undefined || Bun.deepEquals(before, patterns)) return;
    await this.#save(this.#outbox, node, patterns);
  }

  list(): readonly Subscriber[] {
    return [...this.#wants].map(([node, patterns]) => ({ node, patterns }));
  }

  /** Who wants messages on this topic. */
  wanting(topic: string): readonly string[] {
    const nodes: string[] = [];
    for (const [node, patterns] of this.#wants) {
      if (patterns.some((pattern) => matches(pattern, topic))) nodes.push(node);
    }
    return nodes;
  }

  async #save(outbox: Outbox, node: string, patterns: readonly string[]): Promise<void> {
    if (patterns.length > 0) {
      await outbox.records.set(RECORD + node, JSON.stringify({ patterns }));
      return;
    }
    await outbox.records.delete(RECORD + node);
    const isThere = outbox.queues().some(({ name }) => name === QUEUE + node);
    if (isThere) await outbox.discard(QUEUE + node);
  }
}

/** What waits for another node. */
export function peerQueueOf(outbox: Outbox, node: string): OutboxQueue {
  return outbox.queue(QUEUE + node, {
    bytesMax: QUEUE_BYTES_MAX,
    ageMaxMs: QUEUE_AGE_MAX_MS,
    // One that has gone for good must not keep messages from the others.
    whenFull: "drop_oldest",
  });
}

/** Whom the queue is for; `undefined` where it is for no node. */
export function nodeOfQueue(queue: string): string | undefined {
  return queue.startsWith(QUEUE) ? queue.slice(QUEUE.length) : undefined;
}

function isPattern(text: string): boolean {
  try {
    assertPattern(text);
    return true;
  } catch {
    return false;
  }
}

function savedPatterns(record: string | undefined): readonly string[] | undefined {
  try {
    return v.parse(Saved, JSON.parse(record ?? "")).patterns;
  } catch {
    return undefined;
  }
}
