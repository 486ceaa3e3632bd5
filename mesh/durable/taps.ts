/** Queues that take along what is published on this node. */

import type { Registration } from "../../src/index.ts";
import type { OutboxQueue } from "../outbox/outbox-queue.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { assertPattern } from "../topics/topic.ts";

/** Topics whose taps are remembered: as many as a busy node has. */
const CACHED_TOPICS_MAX = 1024;

export interface Tap {
  readonly queue: OutboxQueue;
  /**
   * What to keep of a message; nothing where it is `undefined`. Taps that have the very same function share the bytes:
   * it is called once for a message, not once for each of them, and so must not depend on `this`.
   */
  readonly encode: (topic: string, payload: unknown) => Uint8Array | undefined;
  /** Something is on the disk that was not there before. */
  readonly onAppended: () => void;
}

/** Bytes for the queue of a tap. */
export interface Tapped {
  readonly tap: Tap;
  readonly bytes: Uint8Array;
}

const NOTHING: readonly Tapped[] = [];

export class Taps {
  readonly #taps = new PatternIndex<Tap, readonly Tap[]>({
    arrange: (taps) => [...new Set(taps)],
    cachedTopicsMax: CACHED_TOPICS_MAX,
  });
  readonly #all = new Set<Tap>();

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** A tap that is added under several patterns takes a message once. @throws {MeshError} `invalid_topic` */
  add(patterns: readonly string[], tap: Tap): Registration {
    for (const pattern of patterns) assertPattern(pattern);
    const added = patterns.map((pattern) => this.#taps.add(pattern, tap));
    this.#all.add(tap);
    return {
      remove: () => {
        this.#all.delete(tap);
        for (const one of added) one.remove();
      },
    };
  }

  /** Something was appended to the queue in another way. */
  wake(queue: OutboxQueue): void {
    for (const tap of this.#all) if (tap.queue === queue) tap.onAppended();
  }

  /** What is to be kept of it. @throws {MeshError} `invalid_topic` */
  take(topic: string, payload: unknown): readonly Tapped[] {
    if (this.#all.size === 0) return NOTHING;
    const found = this.#taps.find(topic);
    const bytesOf = found.length > 1 ? encodedOnce(topic, payload) : undefined;
    const tapped: Tapped[] = [];
    for (const tap of found) {
      const bytes = bytesOf === undefined ? tap.encode(topic, payload) : bytesOf(tap);
      if (bytes !== undefined) tapped.push({ tap, bytes });
    }
    return tapped;
  }
}

/** Each function is called once, however many taps have it. */
function encodedOnce(topic: string, payload: unknown): (tap: Tap) => Uint8Array | undefined {
  const encoded = new Map<Tap["encode"], Uint8Array | undefined>();
  return (tap) => {
    if (!encoded.has(tap.encode)) encoded.set(tap.encode, tap.encode(topic, payload));
    return encoded.get(tap.encode);
  };
}
