/**
 * What plugins see of the mesh, made of frames to and from other nodes. [MESH-6], [MESH-7] It works without any: then
 * its messages and requests stay within the node.
 */

import type { Registration } from "../../src/index.ts";
import { type Clock, SYSTEM_CLOCK } from "../clock.ts";
import type { RemoteNode, RemoteNodeHandler } from "../cluster/remote-node.ts";
import { DEFAULT_MESH_LIMITS, type MeshLimits } from "../mesh-limits.ts";
import type { MessageStream } from "../topics/message-stream.ts";
import type { Subscription } from "../topics/subscription.ts";
import { Announcer } from "./announcer.ts";
import { Arrivals } from "./arrivals.ts";
import { Listeners } from "./listeners.ts";
import type { MessagingStatus } from "./messaging-status.ts";
import type {
  MeshRequestOptions,
  Message,
  Messenger,
  Peer,
  PeerEvent,
  PresenceEvent,
  PresenceState,
  ServiceHandler,
  SubscribeOptions,
} from "./messenger.ts";
import { NodeFrameType } from "./node-frames.ts";
import { Nodes } from "./nodes.ts";
import type { Payload } from "./payload.ts";
import { OwnPresence } from "./presence.ts";
import { Publisher } from "./publisher.ts";
import { Requests } from "./requests.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface MessagingOptions {
  readonly nodeName: string;
  readonly limits?: Readonly<Partial<MeshLimits>>;
  /** Told what a subscriber's or a listener's callback threw, unless the subscriber is told itself. */
  readonly onCallbackError: (error: unknown, what: string) => void;
  /** Told what a service threw; the requester is told its text. */
  readonly onHandlerError: (error: unknown, service: string, owner: string) => void;
  readonly clock?: Clock;
  /** Runs a task after the present turn of the event loop. */
  readonly schedule?: (task: () => void) => void;
  readonly random?: () => number;
}

type CallbackOptions = SubscribeOptions & { readonly onCallbackError?: (error: unknown) => void };

export class Messaging implements Messenger, RemoteNodeHandler {
  readonly nodeName: string;
  /** Told of each message that was published here. */
  onPublish: ((topic: string, payload: unknown) => void) | undefined;
  readonly #onCallbackError: (error: unknown, what: string) => void;
  readonly #nodes: Nodes;
  readonly #announcer: Announcer;
  readonly #subscriptions: Subscriptions;
  readonly #arrivals: Arrivals;
  readonly #publisher: Publisher;
  readonly #requests: Requests;
  readonly #presence: OwnPresence;
  readonly #peerListeners: Listeners<PeerEvent>;
  readonly #presenceListeners: Listeners<PresenceEvent>;

  constructor(options: MessagingOptions) {
    const { nodeName, onCallbackError, onHandlerError } = options;
    const { clock = SYSTEM_CLOCK, schedule = setImmediate, random = Math.random } = options;
    const limits = { ...DEFAULT_MESH_LIMITS, ...options.limits };
    this.nodeName = nodeName;
    this.#onCallbackError = onCallbackError;
    this.#peerListeners = new Listeners((error) => onCallbackError(error, "onPeer"));
    this.#presenceListeners = new Listeners((error) => onCallbackError(error, "onPresence"));
    this.#nodes = new Nodes({
      onPeer: (event) => this.#peerListeners.tell(event),
      onPresence: (event) => this.#presenceListeners.tell(event),
    });
    this.#subscriptions = new Subscriptions({
      subscriptionsMax: limits.meshSubscriptionsMax,
      schedule,
      now: () => clock.now(),
      random,
      onInterest: (delta) => this.#announcer.interest(delta),
    });
    this.#requests = new Requests({
      nodeName,
      nodes: this.#nodes,
      limits,
      clock,
      schedule,
      random,
      onHandlerError,
      onOffer: (change, name) => this.#announcer.service(change, name),
    });
    this.#presence = new OwnPresence((state) => {
      this.#announcer.presence();
      this.#presenceListeners.tell({ node: nodeName, state });
    });
    this.#announcer = new Announcer(
      {
        interests: () => this.#subscriptions.interests(),
        services: () => this.#requests.services,
        presence: () => this.#presence.state,
      },
      { schedule },
    );
    this.#arrivals = new Arrivals(this.#subscriptions);
    this.#publisher = new Publisher({
      nodeName,
      nodes: this.#nodes,
      subscriptions: this.#subscriptions,
      payloadBytesMax: limits.meshPayloadBytesMax,
      random,
    });
  }

  subscribe(pattern: string, options?: SubscribeOptions): MessageStream<Message>;
  subscribe(
    pattern: string,
    callback: (message: Message) => void | Promise<void>,
    options?: CallbackOptions,
  ): Subscription;
  subscribe(
    pattern: string,
    first: SubscribeOptions | ((message: Message) => void | Promise<void>) = {},
    options: CallbackOptions = {},
  ): MessageStream<Message> | Subscription {
    if (typeof first !== "function") return this.#subscriptions.stream(pattern, first);
    const onCallbackError =
      options.onCallbackError ??
      ((error: unknown) => this.#onCallbackError(error, `the subscription to ${pattern}`));
    return this.#subscriptions.callback(pattern, { callback: first, onCallbackError }, options);
  }

  publish(topic: string, payload: unknown): boolean {
    const hasRoom = this.publishUntapped(topic, payload);
    this.onPublish?.(topic, payload);
    return hasRoom;
  }

  /** As `publish`, but for `onPublish`. */
  publishUntapped(topic: string, payload: unknown): boolean {
    this.#announcer.flush();
    return this.#publisher.publish(topic, payload);
  }

  /** As `publishUntapped`, of a payload in the form in which it travels. Its bytes must not change any more. */
  publishEncoded(topic: string, payload: Payload): boolean {
    this.#announcer.flush();
    return this.#publisher.publishEncoded(topic, payload);
  }

  async drained(): Promise<void> {
    const full = [...this.#nodes.up()].filter(({ node, isOpen }) => isOpen && !node.hasRoom);
    await Promise.all(full.map(({ node }) => node.drained()));
  }

  request(
    node: string,
    service: string,
    payload: unknown,
    options: MeshRequestOptions = {},
  ): Promise<unknown> {
    this.#announcer.flush();
    return this.#requests.request({ node, service, payload, options });
  }

  serve(service: string, handler: ServiceHandler, owner = "another plugin"): Registration {
    return this.#requests.serve({ name: service, handler, owner });
  }

  setPresence(owner: string, state: PresenceState | undefined): void {
    this.#presence.set(owner, state);
  }

  presence(): ReadonlyMap<string, PresenceState> {
    return new Map([[this.nodeName, this.#presence.state], ...this.#nodes.presence()]);
  }

  onPresence(callback: (event: PresenceEvent) => void): Registration {
    return this.#presenceListeners.add(callback);
  }

  peers(): readonly Peer[] {
    return [...this.#nodes.up()].map((known) => known.peer());
  }

  onPeer(callback: (event: PeerEvent) => void): Registration {
    return this.#peerListeners.add(callback);
  }

  onOpen(node: RemoteNode): void {
    this.#nodes.onOpen(node);
    this.#announcer.open(node);
  }

  onOpened(node: RemoteNode): void {
    this.#nodes.onOpened(node);
  }

  onFrame(
    node: RemoteNode,
    type: number,
    chunk: Buffer,
    start: number,
    end: number,
  ): string | undefined {
    switch (type) {
      case NodeFrameType.publish:
        return this.#arrivals.onPublish(node, chunk, start, end);
      case NodeFrameType.request:
        return this.#requests.onRequest(node, { chunk, start, end });
      case NodeFrameType.reply:
        return this.#requests.onReply(node, { chunk, start, end });
      case NodeFrameType.cancel:
        return this.#requests.onCancel(node, { chunk, start, end });
      case NodeFrameType.want:
        return this.#nodes.onWant(node, chunk.subarray(start, end));
      case NodeFrameType.offer:
        return this.#nodes.onOffer(node, chunk.subarray(start, end));
      case NodeFrameType.presence:
        return this.#nodes.onPresence(node, chunk.subarray(start, end));
      case NodeFrameType.ready:
        return this.#nodes.onReady(node, end - start);
      default:
        // [MESH-1.10]
        return undefined;
    }
  }

  onRouteLost(node: RemoteNode): void {
    this.#requests.onRouteLost(node);
  }

  onDown(node: RemoteNode): void {
    this.#announcer.forget(node);
    // Who hears of a failed request finds the node gone.
    const known = this.#nodes.onDown(node);
    if (known !== undefined) this.#requests.onDown(known);
  }

  status(): MessagingStatus {
    return {
      peers: [...this.#nodes.up()].length,
      messages: {
        published: this.#publisher.published,
        sent: this.#publisher.sent,
        dropped: this.#publisher.dropped,
        received: this.#arrivals.received,
        delivered: this.#subscriptions.delivered,
        missed: this.#subscriptions.dropped,
      },
      requests: this.#requests.asked,
      served: this.#requests.served,
      subscriptions: this.#subscriptions.size,
      subscriptionList: this.#subscriptions.list(),
      services: this.#requests.services,
    };
  }

  /** Things kept, by kind: what must not grow as nodes and plugins come and go. */
  sizes(): Readonly<Record<string, number>> {
    return {
      nodes: this.#nodes.size,
      interestedNodes: this.#nodes.interested,
      told: this.#announcer.size,
      subscriptions: this.#subscriptions.size,
      interests: this.#subscriptions.interests().length,
      services: this.#requests.services.length,
      presenceOwners: this.#presence.size,
      listeners: this.#peerListeners.size + this.#presenceListeners.size,
      ...this.#requests.sizes(),
    };
  }

  /** Ends subscriptions, and fails what waits for an answer. */
  close(): void {
    this.#subscriptions.close();
    this.#requests.close();
    this.#peerListeners.clear();
    this.#presenceListeners.clear();
  }
}
