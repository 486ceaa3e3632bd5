/** Every bound of topics and subscriptions: its default, its unit and the reason for both. */

import { CcpError } from "../../src/index.ts";

const MiB = 1024 * 1024;

/** What NATS advises for its subjects, so that a topic can travel there as it is. */
export const TOPIC_BYTES_MAX = 256;

/** What NATS advises; it also bounds how deep matching goes. */
export const TOPIC_TOKENS_MAX = 16;

/** A group is named for a job, such as `discord-relay`. */
export const GROUP_BYTES_MAX = 64;

export interface SubscriptionTableLimits {
  /** Subscriptions of one node, all plugins and local applications together. */
  readonly subscriptionsMax: number;
  /** Topics whose matches are remembered. */
  readonly cachedTopicsMax: number;
}

export const DEFAULT_SUBSCRIPTION_TABLE_LIMITS: SubscriptionTableLimits = {
  // A plugin has a handful; one that subscribes for each player and forgets to stop is found out.
  subscriptionsMax: 10_000,
  // More topics than a server publishes on at one time; a topic too many costs one search.
  cachedTopicsMax: 1024,
};

/** What one node may want of the others: pairs of pattern and group. */
export interface InterestLimits {
  readonly interestsMax: number;
  /** Of them, those with wildcards. */
  readonly wildcardsMax: number;
}

export const DEFAULT_INTEREST_LIMITS: InterestLimits = {
  // Not below subscriptionsMax: a peer that keeps to its own limit must never be refused. [MESH-6.2]
  interestsMax: DEFAULT_SUBSCRIPTION_TABLE_LIMITS.subscriptionsMax,
  // A search may have to try each; a topic by its own name costs nothing. [MESH-6.2]
  wildcardsMax: 1000,
};

export interface RemoteInterestLimits extends InterestLimits {
  /** Topics whose takers are remembered. */
  readonly cachedTopicsMax: number;
}

export const DEFAULT_REMOTE_INTEREST_LIMITS: RemoteInterestLimits = {
  ...DEFAULT_INTEREST_LIMITS,
  // As for subscriptions.
  cachedTopicsMax: DEFAULT_SUBSCRIPTION_TABLE_LIMITS.cachedTopicsMax,
};

export interface SubscriptionQueueLimits {
  /** Messages that wait for one subscriber. */
  readonly messagesMax: number;
  /** Bytes of the messages that wait for one subscriber; a longer message waits alone. */
  readonly bytesMax: number;
}

export const DEFAULT_SUBSCRIPTION_QUEUE_LIMITS: SubscriptionQueueLimits = {
  // More than one read of a connection brings at once, which is 512 KiB at most: with less, a subscriber
  // that keeps up would lose messages that came together.
  messagesMax: 16_384,
  // 256 bytes for each of them, a chat line with all that is said about its author.
  bytesMax: 4 * MiB,
};

/**
 * The defaults with some changed. A plugin passes these.
 *
 * @throws {CcpError} `invalid_option` that names the limit
 */
export function subscriptionQueueLimits(
  changes: Readonly<Partial<SubscriptionQueueLimits>> | undefined,
): SubscriptionQueueLimits {
  if (changes === undefined) return DEFAULT_SUBSCRIPTION_QUEUE_LIMITS;
  const { messagesMax, bytesMax } = { ...DEFAULT_SUBSCRIPTION_QUEUE_LIMITS, ...changes };
  for (const [name, value] of Object.entries({ messagesMax, bytesMax })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    const text = `the queue of a subscription: ${name} must be a whole number from 1, not ${String(value)}`;
    throw new CcpError("invalid_option", text);
  }
  return { messagesMax, bytesMax };
}

/**
 * Messages that one subscriber takes before the rest of the process may have its turn. Plugins that
 * answer each other's messages for ever then cost time, but do not stop the node.
 */
export const MESSAGES_PER_TURN = 64;

/**
 * Time that one subscriber has in a turn to take what waited when the turn began: looked at after each
 * 64 messages. A ping waits no longer for it than for a small garbage collection.
 */
export const TURN_MS_MAX = 5;
