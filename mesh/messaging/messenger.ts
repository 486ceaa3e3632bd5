/** What plugins see of the mesh, whatever carries it. */

import type { Registration } from "../../src/index.ts";
import type { SubscriptionQueueLimits } from "../topics/limits.ts";
import type { MessageStream } from "../topics/message-stream.ts";
import type { Subscription } from "../topics/subscription.ts";

/** What came on a topic. */
export interface Message {
  readonly topic: string;
  /** The name of the node that published it; this node's own among them. */
  readonly from: string;
  /** `raw` bytes as they are, or a MessagePack `value`. */
  readonly kind: PayloadKind;
  /** The payload as it travelled; may be kept, at the cost of the chunk it arrived in. */
  readonly bytes: Buffer;
  /**
   * The bytes themselves, or the value in them, decoded at first use. `unknown`: whoever sent it has
   * chosen it.
   *
   * @throws {CcpError} `bad_messagepack`
   */
  readonly payload: unknown;
}

export type PayloadKind = "raw" | "value";

export interface SubscribeOptions {
  /** Of all subscribers of one group, on whatever node, one gets each message. */
  readonly group?: string;
  /** What may wait for this subscriber; past it the oldest messages give way. */
  readonly queue?: Readonly<Partial<SubscriptionQueueLimits>>;
}

/** A request that a service of this node is to answer. */
export interface ServiceRequest {
  readonly service: string;
  /** The name of the node that asks. */
  readonly from: string;
  readonly kind: PayloadKind;
  readonly bytes: Buffer;
  /** As a message's. */
  readonly payload: unknown;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * Answers a request: bytes as they are, anything else as a MessagePack value. What it throws reaches the
 * requester as `remote_failure`, with the text of the error.
 */
export type ServiceHandler = (request: ServiceRequest) => unknown;

export interface MeshRequestOptions {
  /** Default: the limit `meshRequestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives the request up; the service is told. */
  readonly signal?: AbortSignal;
}

/** Instead of a node's name: any node that offers the service, this one before others. */
export const ANY_NODE = "*";

/** Another node of the cluster that messages can reach. */
export interface Peer {
  readonly name: string;
  readonly instance: string;
  /** Greater at each of its starts. */
  readonly incarnation: number;
  /** The name of the node that carries messages to it, where there is no link with it. */
  readonly via: string | undefined;
  /** Round-trip time of the last ping on its link. */
  readonly rttMs: number | undefined;
}

/** `up` once it is known what the peer wants, offers and says of itself; `down` when nothing reaches it any more. */
export interface PeerEvent {
  readonly change: "up" | "down";
  readonly peer: Peer;
}

/** What a node says of itself: values of MessagePack by name. */
export type PresenceState = Readonly<Record<string, unknown>>;

export interface PresenceEvent {
  readonly node: string;
  /** `undefined` when the node has gone. */
  readonly state: PresenceState | undefined;
}

export interface Messenger {
  /** This node's own. */
  readonly nodeName: string;

  /**
   * Messages on the topics that match, to iterate over, or one after the other for `callback`.
   *
   * @throws {MeshError} `invalid_topic`, `too_many_subscriptions`
   */
  subscribe(pattern: string, options?: SubscribeOptions): MessageStream<Message>;
  subscribe(
    pattern: string,
    callback: (message: Message) => void | Promise<void>,
    options?: SubscribeOptions & { readonly onCallbackError?: (error: unknown) => void },
  ): Subscription;

  /**
   * Sends bytes as they are, anything else as a MessagePack value, to every subscriber, this node's own among
   * them. Answers `false` when so much waits for some node that a sender of much should wait for
   * `drained`; what would exceed the limit for a node is dropped for it, and counted.
   *
   * @throws {MeshError} `invalid_topic`, `invalid_payload`
   */
  publish(topic: string, payload: unknown): boolean;
  /** Resolves once there is room for every node again. */
  drained(): Promise<void>;

  /**
   * Asks a service of the node, or of {@link ANY_NODE}, and answers what it does.
   *
   * @throws {MeshError} all but `name_taken` and `too_many_subscriptions`
   */
  request(
    node: string,
    service: string,
    payload: unknown,
    options?: MeshRequestOptions,
  ): Promise<unknown>;

  /** @throws {MeshError} `name_taken`, `invalid_topic` */
  serve(service: string, handler: ServiceHandler, owner?: string): Registration;

  /**
   * What `owner` says of this node from now on, instead of what it said before; `undefined` for nothing.
   * Where owners use the same name, whoever spoke last counts.
   *
   * @throws {MeshError} `invalid_payload`
   */
  setPresence(owner: string, state: PresenceState | undefined): void;
  /** What each node says of itself, this one among them. */
  presence(): ReadonlyMap<string, PresenceState>;
  onPresence(callback: (event: PresenceEvent) => void): Registration;

  /** The nodes that are up. */
  peers(): readonly Peer[];
  onPeer(callback: (event: PeerEvent) => void): Registration;
}
