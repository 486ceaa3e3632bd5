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

const Saved = v.object({
  patterns: Patterns,
  /** When the node last said so, in milliseconds since 1970. */
  at: v.optional(v.number(), 0),
});

interface Want {
  readonly patterns: readonly string[];
  readonly at: number;
}

export interface Subscriber {
  readonly node: string;
  readonly patterns: readonly string[];
}

export interface SubscribersOptions {
  /** Whether the node is there now. */
  readonly isUp: (node: string) => boolean;
  /** It wants nothing any more, and what waited for it is thrown away. */
  readonly onForgotten: (node: string) => void;
}

export class Subscribers {
  readonly #options: SubscribersOptions;
  readonly #wants = new Map<string, Want>();
  #outbox: Outbox | undefined;

  constructor(options: SubscribersOptions) {
    this.#options = options;
  }

  /** What earlier starts knew is known again, unless it was told anew meanwhile; and is kept from now on. */
  async keepIn(outbox: Outbox): Promise<void> {
    this.#outbox = outbox;
    for (const key of outbox.records.keys()) {
      if (!key.startsWith(RECORD)) continue;
      const node = key.slice(RECORD.length);
      const want = savedWant(outbox.records.get(key));
      if (want !== undefined && !this.#wants.has(node)) this.#wants.set(node, want);
    }
    for (const [node, want] of this.#wants) await this.#save(outbox, node, want);
  }

  /**
   * What a node wants from now on. Who wants nothing is forgotten, with what waits for it. Resolves once it is kept.
   * [DURABLE-2]
   *
   * @throws {v.ValiError} where it is no list of patterns
   */
  async set(node: string, wanted: unknown): Promise<void> {
    const patterns = v.parse(Patterns, wanted);
    const isKnown = this.#wants.has(node);
    if (!isKnown && patterns.length === 0) return;
    if (!isKnown && this.#wants.size >= SUBSCRIBERS_MAX) await this.#makeRoom();
    if (patterns.length === 0) {
      await this.#forget(node);
      return;
    }
    const want = { patterns, at: Date.now() };
    this.#wants.set(node, want);
    if (this.#outbox !== undefined) await this.#save(this.#outbox, node, want);
  }

  /** The node that has been away for longest is forgotten, with what waits for it: names of containers never come back. */
  async #makeRoom(): Promise<void> {
    const away = [...this.#wants].filter(([node]) => !this.#options.isUp(node));
    const [longest] = away.toSorted(([, one], [, other]) => one.at - other.at);
    if (longest === undefined) {
      const text = `durable messages are kept for ${SUBSCRIBERS_MAX} nodes already, all of them up: forget the consumers of one that needs none`;
      throw new Error(text);
    }
    await this.#forget(longest[0]);
  }

  async #forget(node: string): Promise<void> {
    this.#wants.delete(node);
    this.#options.onForgotten(node);
    if (this.#outbox === undefined) return;
    await this.#outbox.records.delete(RECORD + node);
    const isThere = this.#outbox.queues().some(({ name }) => name === QUEUE + node);
    if (isThere) await this.#outbox.discard(QUEUE + node);
  }

  list(): readonly Subscriber[] {
    return [...this.#wants].map(([node, { patterns }]) => ({ node, patterns }));
  }

  /** Who wants messages on this topic. */
  wanting(topic: string): readonly string[] {
    const nodes: string[] = [];
    for (const [node, { patterns }] of this.#wants) {
      if (patterns.some((pattern) => matches(pattern, topic))) nodes.push(node);
    }
    return nodes;
  }

  async #save(outbox: Outbox, node: string, want: Want): Promise<void> {
    await outbox.records.set(RECORD + node, JSON.stringify(want));
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

function savedWant(record: string | undefined): Want | undefined {
  try {
    return v.parse(Saved, JSON.parse(record ?? ""));
  } catch {
    return undefined;
  }
}
