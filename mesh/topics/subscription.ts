import type { SubscriptionQueueLimits } from "./limits.ts";

/** One subscription, as the one who subscribed sees it. */
export interface Subscription {
  readonly pattern: string;
  /** The group it takes its messages for; `undefined` if it gets every message. */
  readonly group: string | undefined;
  /** Messages that wait to be taken. */
  readonly pending: number;
  /** Bytes of the messages that wait to be taken. */
  readonly pendingBytes: number;
  /** Messages that were never taken, because too many newer ones came. */
  readonly dropped: number;

  /** Ends it at once; what waits is discarded. Does nothing the second time. */
  unsubscribe(): void;

  /**
   * Ends it in order: nothing new is taken on, what waits is still delivered. Resolves once it was,
   * or `unsubscribe` gave it up. Not to be awaited by the callback or loop that it waits for.
   */
  drain(): Promise<void>;
}

/** What a subscription needs of the node. */
export interface SubscriptionOptions {
  readonly pattern: string;
  readonly group?: string | undefined;
  readonly limits?: Readonly<Partial<SubscriptionQueueLimits>>;
  /**
   * Runs a task later, as `setImmediate` does, and never while something is delivered: a subscriber
   * that publishes would else be heard before what it answers to.
   */
  readonly schedule: (task: () => void) => void;
  /** No more messages are wanted. Called once, when it is unsubscribed or begins to drain. */
  readonly onStopped: () => void;
}

/** The side of a subscription that messages come in at. */
export interface MessageSink<Message> {
  /** Answers how many older messages gave way. Once stopped, a message is ignored. */
  deliver(message: Message, bytes: number): number;
}
