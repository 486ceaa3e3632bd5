/** Every bound of topics and subscriptions: its default, its unit and the reason for both. */

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

export interface RemoteInterestLimits {
  /** Pairs of pattern and group that one peer may want. */
  readonly interestsPerPeerMax: number;
  /** Topics whose takers are remembered. */
  readonly cachedTopicsMax: number;
}

export const DEFAULT_REMOTE_INTEREST_LIMITS: RemoteInterestLimits = {
  // Not below subscriptionsMax: a peer that keeps to its own limit must never be refused.
  interestsPerPeerMax: DEFAULT_SUBSCRIPTION_TABLE_LIMITS.subscriptionsMax,
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
  // Ten seconds of a hundred lines each: what is older than that, nobody in a game wants to read.
  messagesMax: 1024,
  // 4 KiB for each of them, ten times a chat line with all that is said about its author.
  bytesMax: 4 * MiB,
};

/**
 * Messages that one subscriber takes before the rest of the process has its turn. Plugins that
 * answer each other's messages for ever then cost time, but do not stop the node.
 */
export const MESSAGES_PER_TURN = 64;
