/**
 * Messages that are not lost while a node is away: kept in the outbox of the node that publishes for each node that wants
 * them, and in that node's own for each of its consumers. [DURABLE-3.1] Made of requests alone, so that it works over whatever
 * carries them.
 */

import type { Registration } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import type { DrainedRegistration } from "../drained-registration.ts";
import { errorText } from "../error-text.ts";
import type { Logger } from "../log.ts";
import { ERRORS_LOGGED, type LimitedLogger, limited } from "../log-limit.ts";
import { MeshError } from "../mesh-error.ts";
import type { Messaging } from "../messaging/messaging.ts";
import { encodePayload } from "../messaging/payload.ts";
import type { NamedQueue, Outbox } from "../outbox/outbox.ts";
import type { OutboxQueue } from "../outbox/outbox-queue.ts";
import { assertTopic } from "../topics/topic.ts";
import { BacklogWatch } from "./backlog-watch.ts";
import type { DurableHandler } from "./consumer.ts";
import { Consumers, consumerOfQueue } from "./consumers.ts";
import { encodeArrived, type Published } from "./entry.ts";
import { DELIVERY_ROOM_BYTES } from "./limits.ts";
import { DELIVER_SERVICE } from "./peer-delivery.ts";
import { PeerQueues, type PeerQueueStatus } from "./peer-queues.ts";
import { parsedDelivery, Receiver } from "./receiver.ts";
import { RefusalWatch } from "./refusal-watch.ts";
import { NodeStore, StoreId } from "./store.ts";
import { nodeOfQueue } from "./subscribers.ts";
import { type Tap, type Tapped, Taps } from "./taps.ts";
import { WANT_SERVICE, Wants } from "./wants.ts";

const OWNER = "the node itself";

/** What it needs of the messaging. */
export type DurableMessenger = Pick<
  Messaging,
  | "nodeName"
  | "onPeer"
  | "onPublish"
  | "peers"
  | "publishEncoded"
  | "publishUntapped"
  | "request"
  | "serve"
>;

export interface DurableOptions {
  readonly messaging: DurableMessenger;
  /** `[node] data`. */
  readonly folder: string;
  readonly payloadBytesMax: number;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What there is once the outbox is open. */
interface Opened {
  readonly outbox: Outbox;
  readonly consumers: Consumers;
  readonly receiver: Receiver;
}

/** What stands in the status of a durable node. */
export interface DurableStatus {
  readonly queues: readonly QueueLine[];
  readonly peers: readonly PeerQueueStatus[];
  readonly consumers: ReturnType<Consumers["status"]>;
  /** Why nothing can be kept now; `null` while all is well. */
  readonly failure: string | null;
}

export interface QueueLine extends Omit<NamedQueue, "oldestAt"> {
  readonly oldestAt: Date | null;
}

export class Durable {
  readonly #options: DurableOptions;
  readonly #failures: LimitedLogger;
  readonly #refusals: RefusalWatch;
  readonly #store: NodeStore;
  readonly #taps = new Taps();
  /** Names of the queues that plugins need: one plugin each. */
  readonly #used = new Set<string>();
  readonly #peerQueues: PeerQueues;
  readonly #wants: Wants;
  #opened: Opened | undefined;
  #isTaking = true;
  #backlog: BacklogWatch | undefined;

  /** @throws {OutboxError} where something was kept before and cannot be opened now */
  constructor(options: DurableOptions) {
    this.#options = options;
    this.#failures = limited(options.log, ERRORS_LOGGED);
    this.#refusals = new RefusalWatch(options);
    this.#store = new NodeStore(options.folder, (outbox) => this.#onOpened(outbox));
    const { messaging } = options;
    this.#peerQueues = new PeerQueues(options);
    this.#wants = new Wants({
      messaging,
      patterns: () => this.#opened?.consumers.patterns ?? [],
      onFailure: (error, what) => this.#onFailure(error, what),
    });
    messaging.serve(
      WANT_SERVICE,
      ({ from, payload }) => this.#peerQueues.want(from, payload),
      OWNER,
    );
    messaging.serve(DELIVER_SERVICE, ({ from, payload }) => this.#onDelivery(from, payload), OWNER);
    messaging.onPeer(({ change, peer }) => {
      if (change === "up") this.#onUp(peer.name);
    });
    if (this.#store.isThere) this.#store.open();
  }

  /** `undefined` while nobody has needed one. */
  get opened(): Outbox | undefined {
    return this.#opened?.outbox;
  }

  /** Opens the outbox, unless it is open. @throws {OutboxError} */
  open(): Outbox {
    return this.#store.open();
  }

  /** Puts a dead letter at the end of its queue, and has it delivered from there. @throws {OutboxError} */
  async replay(queue: OutboxQueue, seq: number): Promise<void> {
    await queue.deadLetters.replay(seq);
    this.#taps.wake(queue);
    this.#opened?.consumers.wake();
    this.#peerQueues.wake();
  }

  /** Lets a queue have what is published on this node from now on. @throws {MeshError} `invalid_topic` */
  tap(patterns: readonly string[], tap: Tap): Registration {
    const { messaging } = this.#options;
    const registration = this.#taps.add(patterns, tap);
    messaging.onPublish = (topic, payload) => this.#tap(topic, payload);
    return {
      remove: () => {
        registration.remove();
        // Without any, publishing costs nothing more.
        if (this.#taps.isEmpty) messaging.onPublish = undefined;
      },
    };
  }

  /**
   * As a message that every subscriber gets who is there, and then by each consumer of each node that is known to want
   * it, at least once. Resolves once it is on the disk for all of them.
   *
   * @throws {MeshError} `invalid_topic`, `invalid_payload`; {OutboxError} where it could not be kept for all
   */
  async publish(topic: string, payload: unknown): Promise<void> {
    assertTopic(topic);
    const { messaging, payloadBytesMax } = this.#options;
    const bytesMax = Math.max(0, payloadBytesMax - DELIVERY_ROOM_BYTES);
    const { kind, bytes: encoded } = encodePayload(payload, bytesMax);
    // Raw bytes are the publisher's own, who may change them as soon as this returns.
    const bytes = kind === "raw" ? encoded.slice() : encoded;
    const tapped = this.#taps.take(topic, payload);
    const { outbox, consumers } = this.#openedNow();
    const published: Published = { topic, kind, bytes, at: Date.now() };
    const kept = tapped.map((each) => this.#append(each));
    for (const each of this.#peerQueues.append(published)) kept.push(this.#refusals.watch(each));
    const local = consumers.entriesFor(topic, () => this.#arrivedHere(published));
    if (local.length > 0) {
      kept.push(this.#refusals.watch(outbox.append(local).then(() => consumers.wake())));
    }
    await settledAll(kept);
    messaging.publishEncoded(topic, { kind, bytes });
  }

  /** Whether what is published from outside can still be kept for all who are to have it. */
  get isTaking(): boolean {
    return this.#isTaking;
  }

  /** The plugins are about to be unloaded, and their taps with them. */
  endIntake(): void {
    this.#isTaking = false;
  }

  /** As `publish` of the messaging; resolves once the taps have it on the disk. @throws as `publish` */
  async publishTapped(topic: string, payload: unknown): Promise<boolean> {
    const { messaging } = this.#options;
    const tapped = this.#taps.take(topic, payload);
    const hasRoom = messaging.publishUntapped(topic, payload);
    await settledAll(tapped.map((each) => this.#append(each)));
    return hasRoom;
  }

  /**
   * Lets `handler` have, in order, what was kept for `name`, and what comes on the topics that match from now on. Resolves
   * once the nodes that are up know of it; `keep` has the registration as soon as the handler has messages.
   *
   * @throws {CcpError} `name_taken`, `invalid_option`, `cancelled`; {MeshError} `invalid_topic`; {OutboxError}
   */
  async consume(
    name: string,
    pattern: string,
    handler: DurableHandler,
    keep: (registration: DrainedRegistration) => Registration = (registration) => registration,
  ): Promise<Registration> {
    const { consumers } = this.#openedNow();
    const registration = keep(await consumers.start(name, pattern, handler));
    await this.#wants.tellAll();
    return registration;
  }

  /** Takes a consumer out, with all that waits for it. */
  async forget(name: string): Promise<void> {
    if (this.#opened === undefined) return;
    await this.#opened.consumers.forget(name);
    await this.#wants.tellAll();
  }

  /** Says that a plugin needs the queue. */
  use(queue: string): Registration {
    this.#used.add(queue);
    return { remove: () => void this.#used.delete(queue) };
  }

  /** Whether somebody here empties the queue, or the node is there that it is for. */
  isInUse(queue: string): boolean {
    if (this.#opened === undefined) return false;
    const node = nodeOfQueue(queue);
    if (node !== undefined) return this.#peerQueues.isUp(node);
    const consumer = consumerOfQueue(queue);
    if (consumer !== undefined) return this.#opened.consumers.isHandled(consumer);
    return this.#used.has(queue);
  }

  /** Takes a queue out that is not in use, with who has wanted what is in it. @throws {OutboxError} */
  async discard(queue: string): Promise<void> {
    const { outbox, consumers } = this.#openedNow();
    const node = nodeOfQueue(queue);
    if (node !== undefined) await this.#peerQueues.want(node, []);
    const consumer = consumerOfQueue(queue);
    if (consumer !== undefined) {
      await consumers.forget(consumer);
      await this.#wants.tellAll();
    }
    if (outbox.queues().some(({ name }) => name === queue)) await outbox.discard(queue);
  }

  /** `null` while nobody has needed an outbox. */
  status(): DurableStatus | null {
    if (this.#opened === undefined) return null;
    const { outbox, consumers } = this.#opened;
    return {
      queues: outbox.queues().map((queue) => {
        const { oldestAt } = queue;
        return Object.assign(queue, {
          oldestAt: oldestAt === undefined ? null : new Date(oldestAt),
        });
      }),
      peers: this.#peerQueues.status(),
      consumers: consumers.status(),
      failure: outbox.failure?.message ?? null,
    };
  }

  /** Writes what waits; nothing is delivered any more. */
  async close(): Promise<void> {
    this.#options.messaging.onPublish = undefined;
    this.#peerQueues.close();
    this.#opened?.consumers.stop();
    this.#backlog?.stop();
    this.#refusals.stop();
    await this.#store.close();
  }

  #openedNow(): Opened {
    this.#store.open();
    const opened = this.#opened;
    if (opened === undefined) throw new Error("the outbox was opened, and is not there");
    return opened;
  }

  #onOpened(outbox: Outbox): void {
    const { clock, messaging } = this.#options;
    const consumers = new Consumers({
      outbox,
      clock,
      onFailure: (error, text) => this.#report(error, text),
    });
    const receiver = new Receiver({
      nodeName: messaging.nodeName,
      outbox,
      entriesFor: (topic, bytes) => consumers.entriesFor(topic, bytes),
      onArrived: () => consumers.wake(),
    });
    const queues = () => outbox.queues();
    this.#backlog = new BacklogWatch({ queues, log: this.#options.log, clock });
    const storeId = new StoreId(outbox);
    this.#opened = { outbox, consumers, receiver };
    void this.#quietly(storeId.get(), "the outbox");
    void this.#quietly(this.#peerQueues.keepIn(outbox, storeId), "the outbox");
    for (const { name } of messaging.peers()) this.#onUp(name);
  }

  /** On a plain publish: nobody waits for it. */
  #tap(topic: string, payload: unknown): void {
    for (const tapped of this.#taps.take(topic, payload)) {
      void this.#quietly(this.#append(tapped), `keeping a message on ${topic}`);
    }
  }

  async #append({ tap, bytes }: Tapped): Promise<void> {
    await this.#refusals.watch(tap.queue.append(bytes), tap.queue.name);
    tap.onAppended();
  }

  #arrivedHere(published: Published): Uint8Array {
    const { nodeName } = this.#options.messaging;
    const store = `local:${Bun.randomUUIDv7()}`;
    return encodeArrived({ node: nodeName, store, seq: 0 }, published);
  }

  #onUp(node: string): void {
    if (this.#opened === undefined) return;
    void this.#wants.tell(node);
    this.#peerQueues.onUp(node);
  }

  async #onDelivery(from: string, payload: unknown): Promise<unknown> {
    if (this.#opened === undefined) {
      // Nobody here wants it any more, which that node does not know yet. [DURABLE-4.5]
      void this.#wants.tell(from);
      return { upTo: parsedDelivery(payload).entries.at(-1)?.seq ?? 0 };
    }
    try {
      return await this.#opened.receiver.take(from, payload);
    } catch (error) {
      if (error instanceof MeshError) throw error;
      this.#onFailure(error, `keeping what ${from} delivers`);
      throw new MeshError("remote_failure", errorText(error), { cause: error });
    }
  }

  async #quietly(work: Promise<unknown>, what: string): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#onFailure(error, what);
    }
  }

  #onFailure(error: unknown, what: string): void {
    this.#report(error, `${what} failed`);
  }

  /** The same failure is logged at most every 10 seconds. */
  #report(error: unknown, text: string): void {
    this.#failures.error(`${text} ${errorText(error)}`, text, { error });
  }
}

/** Waits for all, also where one fails; then fails with the first. */
async function settledAll(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
