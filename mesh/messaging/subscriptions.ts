import type { Audience } from "../topics/audience.ts";
import { CallbackSubscription } from "../topics/callback-subscription.ts";
import { chooseOne } from "../topics/choose-member.ts";
import { type Interest, type InterestDelta, LocalInterest } from "../topics/interest.ts";
import { MessageStream } from "../topics/message-stream.ts";
import type { Removable } from "../topics/removable.ts";
import type { MessageSink, Subscription, SubscriptionOptions } from "../topics/subscription.ts";
import { SubscriptionTable } from "../topics/subscriptions.ts";
import { CHUNKS_HELD_MAX, SUBSCRIPTIONS_SHOWN } from "./limits.ts";
import { ArrivedMessage, type MessageHead } from "./message.ts";
import type { Message, SubscribeOptions } from "./messenger.ts";
import { Turns } from "./turns.ts";

export interface SubscriptionsOptions {
  readonly subscriptionsMax: number;
  readonly schedule: (task: () => void) => void;
  readonly now: () => number;
  readonly random: () => number;
  /** What this node wants has changed. */
  readonly onInterest: (delta: InterestDelta) => void;
}

export interface Callback {
  readonly callback: (message: Message) => void | Promise<void>;
  readonly onCallbackError: (error: unknown) => void;
}

/** A message as it came: its payload is `chunk` from `start` to `end`. */
export interface Arrival extends MessageHead {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface SubscriptionStatus {
  readonly pattern: string;
  readonly group: string | undefined;
  readonly pending: number;
  readonly dropped: number;
}

type Sink = Subscription & MessageSink<Message>;

/** One subscription, and how much of other messages' memory those that wait for it keep. */
class Subscriber {
  readonly sink: Sink;
  #chunkNumber = 0;
  #chunksHeld = 0;

  constructor(sink: Sink) {
    this.sink = sink;
  }

  /** Answers how many older messages gave way. */
  deliver(message: ArrivedMessage, chunkNumber: number): number {
    if (chunkNumber !== this.#chunkNumber) {
      this.#chunkNumber = chunkNumber;
      this.#chunksHeld = this.sink.pending === 0 ? 1 : this.#chunksHeld + 1;
    }
    if (this.#chunksHeld > CHUNKS_HELD_MAX) message.detach();
    return this.sink.deliver(message, message.length);
  }
}

/** The subscriptions of this node, and the delivery to them. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #table: SubscriptionTable<Subscriber>;
  readonly #interest: LocalInterest;
  readonly #open = new Set<Sink>();
  readonly #turns: Turns;
  #lastChunk: Buffer | undefined;
  #chunkNumber = 0;
  #delivered = 0;
  #dropped = 0;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#turns = new Turns(options.schedule, options.now);
    this.#table = new SubscriptionTable({ subscriptionsMax: options.subscriptionsMax });
    this.#interest = new LocalInterest(options.onInterest);
  }

  get size(): number {
    return this.#table.size;
  }

  /** Messages given to subscriptions; one for each. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Messages that gave way to newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  interests(): Interest[] {
    return this.#interest.list();
  }

  /** @throws {MeshError} `invalid_topic`, `too_many_subscriptions` */
  stream(pattern: string, options: SubscribeOptions): MessageStream<Message> {
    const held: Removable[] = [];
    const sinkOptions = this.#sinkOptions(pattern, options, held);
    return this.#register(new MessageStream<Message>(sinkOptions), held);
  }

  /** @throws {MeshError} `invalid_topic`, `too_many_subscriptions` */
  callback(pattern: string, callback: Callback, options: SubscribeOptions): Subscription {
    const held: Removable[] = [];
    const sinkOptions = this.#sinkOptions(pattern, options, held);
    return this.#register(new CallbackSubscription<Message>({ ...sinkOptions, ...callback }), held);
  }

  /**
   * Whom of this node a message on the topic is for.
   *
   * @throws {MeshError} `invalid_topic`
   */
  audience(topic: string): Audience<unknown> {
    return this.#table.match(topic);
  }

  /** What another node sent; its topic is valid. Before more is read, subscribers take what was. */
  arrive(arrival: Arrival, groups: readonly string[]): void {
    if (arrival.chunk !== this.#lastChunk) this.#turns.catchUp();
    this.deliver(arrival, groups);
  }

  /**
   * To all that are in no group, and to one member of each group named.
   *
   * @throws {MeshError} `invalid_topic`
   */
  deliver(arrival: Arrival, groups: readonly string[]): void {
    const audience = this.#table.match(arrival.topic);
    this.#count(arrival.chunk);
    for (const subscriber of audience.plain) this.#give(subscriber, arrival);
    for (const group of groups) {
      const members = audience.groups.get(group);
      // The last member may have left while the message was on its way.
      if (members === undefined) continue;
      const member = chooseOne(members, this.#options.random);
      if (member !== undefined) this.#give(member, arrival);
    }
  }

  list(): SubscriptionStatus[] {
    return [...this.#open]
      .toSorted((one, other) => other.dropped - one.dropped || other.pending - one.pending)
      .slice(0, SUBSCRIPTIONS_SHOWN)
      .map(({ pattern, group, pending, dropped }) => ({ pattern, group, pending, dropped }));
  }

  close(): void {
    for (const sink of this.#open) sink.unsubscribe();
    this.#lastChunk = undefined;
  }

  #give(subscriber: Subscriber, { topic, from, kind, chunk, start, end }: Arrival): void {
    // One for each, so that what one makes of a decoded value is not another's affair.
    const message = new ArrivedMessage({ topic, from, kind }, chunk, start, end);
    this.#delivered += 1;
    this.#dropped += subscriber.deliver(message, this.#chunkNumber);
  }

  #count(chunk: Buffer): void {
    if (chunk === this.#lastChunk) return;
    this.#lastChunk = chunk;
    this.#chunkNumber += 1;
  }

  #sinkOptions(
    pattern: string,
    { group, queue }: SubscribeOptions,
    held: readonly Removable[],
  ): SubscriptionOptions {
    return {
      pattern,
      group,
      ...(queue === undefined ? {} : { limits: queue }),
      schedule: this.#turns.add,
      onStopped: () => {
        for (const each of held) each.remove();
      },
    };
  }

  /** `held` gets what is to be given back when it stops. */
  #register<Registered extends Sink>(sink: Registered, held: Removable[]): Registered {
    const { pattern, group } = sink;
    const entry = this.#table.add(pattern, new Subscriber(sink), { group });
    try {
      held.push(this.#interest.add({ pattern, group }));
    } catch (error) {
      entry.remove();
      throw error;
    }
    this.#open.add(sink);
    held.push(entry, { remove: () => this.#open.delete(sink) });
    return sink;
  }
}
