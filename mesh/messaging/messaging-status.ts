import type { ServerCounts } from "./request-server.ts";
import type { RequesterCounts } from "./requester.ts";
import type { SubscriptionStatus } from "./subscriptions.ts";

/** How messaging is, for whoever watches the node. Counts are since its start. */
export interface MessagingStatus {
  /** Other nodes that are up. */
  readonly peers: number;
  readonly messages: {
    /** By this node. */
    readonly published: number;
    /** To other nodes; a message to three counts three times. */
    readonly sent: number;
    /** Not sent to a node, because too much waited for it. */
    readonly dropped: number;
    /** From other nodes. */
    readonly received: number;
    /** To subscriptions of this node; a message to three counts three times. */
    readonly delivered: number;
    /** Gave way to newer ones, because a subscriber lags behind. */
    readonly missed: number;
  };
  /** Of this node to others and to itself. */
  readonly requests: RequesterCounts;
  /** Of others, and of this node itself, to the services here. */
  readonly served: ServerCounts;
  readonly subscriptions: number;
  /** Those that missed most first; the first 100. */
  readonly subscriptionList: readonly SubscriptionStatus[];
  readonly services: readonly string[];
}
