/** The consumers of this node, known also while no plugin handles for them: what they want is kept for them. */

import * as v from "valibot";
import { CcpError } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import type { DrainedRegistration } from "../drained-registration.ts";
import { quoted } from "../printable.ts";
import type { NewEntry, Outbox } from "../outbox/outbox.ts";
import type { OutboxQueue } from "../outbox/outbox-queue.ts";
import { assertPattern, matches } from "../topics/topic.ts";
import { Consumer, type ConsumerStatus, type DurableHandler } from "./consumer.ts";
import {
  CONSUMER_NAME_CHARS_MAX,
  CONSUMERS_MAX,
  QUEUE_AGE_MAX_MS,
  QUEUE_BYTES_MAX,
} from "./limits.ts";
import { NameTurns } from "./name-turns.ts";

const RECORD = "consumer:";
const QUEUE = "inbox:";
const NAME = new RegExp(`^[\\w.-]{1,${CONSUMER_NAME_CHARS_MAX}}$`);

const Saved = v.object({ pattern: v.string() });

interface Entry {
  readonly queue: OutboxQueue;
  readonly consumer: Consumer;
  pattern: string;
  /** As it is on the disk. */
  savedPattern: string | undefined;
}

export interface ConsumersOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly onFailure: (error: unknown, text: string) => void;
}

export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #entries = new Map<string, Entry>();
  /** Names of those whose start is not on the disk yet. */
  readonly #starting = new Set<string>();
  /** None starts again while what waited for it is still being thrown away. */
  readonly #turns = new NameTurns();

  constructor(options: ConsumersOptions) {
    this.#options = options;
    const { records } = options.outbox;
    for (const key of records.keys()) {
      const pattern = key.startsWith(RECORD) ? savedPattern(records.get(key)) : undefined;
      if (pattern === undefined) continue;
      this.#add(key.slice(RECORD.length), pattern).savedPattern = pattern;
    }
  }

  /** Each once. */
  get patterns(): readonly string[] {
    return [...new Set([...this.#entries.values()].map(({ pattern }) => pattern))].toSorted();
  }

  status(): readonly (ConsumerStatus & { readonly pattern: string })[] {
    return [...this.#entries.values()].map(({ consumer, pattern }) => {
      const { name, state, handled, failed, redelivered } = consumer.status;
      return { name, pattern, state, handled, failed, redelivered };
    });
  }

  /**
   * Lets `handler` have what waits for `name`, and from now on what comes on the topics that match. Resolves once it is
   * kept that the consumer is there.
   *
   * @throws {CcpError} `name_taken`, `invalid_option`, `cancelled`; {MeshError} `invalid_topic`
   */
  async start(
    name: string,
    pattern: string,
    handler: DurableHandler,
  ): Promise<DrainedRegistration> {
    assertPattern(pattern);
    await this.#turns.idle(name);
    if (this.isHandled(name)) {
      throw new CcpError("name_taken", `the consumer ${quoted(name)} has a handler already`);
    }
    const entry = this.#entries.get(name) ?? this.#new(name, pattern);
    this.#starting.add(name);
    try {
      await this.#save(name, entry, pattern);
    } finally {
      this.#starting.delete(name);
    }
    if (this.#entries.get(name) === entry) return entry.consumer.start(handler);
    throw new CcpError("cancelled", `the consumer ${quoted(name)} was forgotten meanwhile`);
  }

  isHandled(name: string): boolean {
    return this.#entries.get(name)?.consumer.isHandled === true || this.#starting.has(name);
  }

  /** Takes it out with all that waits for it. */
  async forget(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      await this.#turns.idle(name);
      return;
    }
    const { outbox } = this.#options;
    entry.consumer.stop();
    this.#entries.delete(name);
    await this.#turns.run(name, async () => {
      await outbox.records.delete(RECORD + name);
      await outbox.records.delete(`started:${name}`);
      await outbox.discard(QUEUE + name);
    });
  }

  /** What is to be kept of a message for those who want it. */
  entriesFor(topic: string, bytes: () => Uint8Array): readonly NewEntry[] {
    const entries: NewEntry[] = [];
    // The same for all: one message has one id.
    let encoded: Uint8Array | undefined;
    for (const { pattern, queue } of this.#entries.values()) {
      if (matches(pattern, topic)) entries.push({ queue, bytes: (encoded ??= bytes()) });
    }
    return entries;
  }

  wake(): void {
    for (const { consumer } of this.#entries.values()) consumer.wake();
  }

  stop(): void {
    for (const { consumer } of this.#entries.values()) consumer.stop();
  }

  async #save(name: string, entry: Entry, pattern: string): Promise<void> {
    if (entry.savedPattern === pattern) return;
    await this.#options.outbox.records.set(RECORD + name, JSON.stringify({ pattern }));
    entry.pattern = pattern;
    entry.savedPattern = pattern;
  }

  #new(name: string, pattern: string): Entry {
    if (!NAME.test(name)) {
      const text = `a consumer's name is 1 to ${CONSUMER_NAME_CHARS_MAX} letters, digits, dots, dashes or underscores, not ${quoted(name)}`;
      throw new CcpError("invalid_option", text);
    }
    if (this.#entries.size >= CONSUMERS_MAX) {
      const text = `the node has ${CONSUMERS_MAX} consumers already; forget those that nobody needs`;
      throw new CcpError("invalid_option", text);
    }
    return this.#add(name, pattern);
  }

  #add(name: string, pattern: string): Entry {
    const { outbox, clock, onFailure } = this.#options;
    const queue = outbox.queue(QUEUE + name, {
      bytesMax: QUEUE_BYTES_MAX,
      ageMaxMs: QUEUE_AGE_MAX_MS,
      // One that nobody handles for must not keep messages from the others.
      whenFull: "drop_oldest",
    });
    const consumer = new Consumer({ name, queue, records: outbox.records, clock, onFailure });
    const entry: Entry = { queue, consumer, pattern, savedPattern: undefined };
    this.#entries.set(name, entry);
    return entry;
  }
}

/** Whom the queue is for; `undefined` where it is for no consumer. */
export function consumerOfQueue(queue: string): string | undefined {
  return queue.startsWith(QUEUE) ? queue.slice(QUEUE.length) : undefined;
}

function savedPattern(record: string | undefined): string | undefined {
  try {
    const { pattern } = v.parse(Saved, JSON.parse(record ?? ""));
    assertPattern(pattern);
    return pattern;
  } catch {
    return undefined;
  }
}
