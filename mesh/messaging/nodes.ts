import type { RemoteNode } from "../cluster/remote-node.ts";
import type { Audience } from "../topics/audience.ts";
import { RemoteInterest } from "../topics/remote-interest.ts";
import { KnownNode, type Saying } from "./known-node.ts";
import { SERVICES_MAX } from "./limits.ts";
import type { PeerEvent, PresenceEvent, PresenceState } from "./messenger.ts";
import {
  type OfferChange,
  readOffer,
  readPresence,
  readWant,
  type WantChange,
} from "./node-frames.ts";
import { frozen, isSameState } from "./presence-state.ts";

/** What is wrong with a frame that comes too early. */
const NOT_OPENED = "the node has not opened";

export interface NodesEvents {
  readonly onPeer: (event: PeerEvent) => void;
  readonly onPresence: (event: PresenceEvent) => void;
}

/** The other nodes, and what they want, offer and say of themselves. [MESH-6] */
export class Nodes {
  readonly #events: NodesEvents;
  readonly #interest = new RemoteInterest<KnownNode>();
  readonly #known = new Map<RemoteNode, KnownNode>();
  /** Those that are up. */
  readonly #byName = new Map<string, KnownNode>();

  constructor(events: NodesEvents) {
    this.#events = events;
  }

  /** Of nodes, up or not. */
  get size(): number {
    return this.#known.size;
  }

  /** Nodes that want something. */
  get interested(): number {
    return this.#interest.size;
  }

  get(node: RemoteNode): KnownNode | undefined {
    return this.#known.get(node);
  }

  /** A node that is up. */
  named(name: string): KnownNode | undefined {
    return this.#byName.get(name);
  }

  up(): Iterable<KnownNode> {
    return this.#byName.values();
  }

  /** @throws {MeshError} `invalid_topic` */
  wanting(topic: string): Audience<KnownNode> {
    return this.#interest.wanted(topic);
  }

  onOpen(node: RemoteNode): void {
    this.#knownOf(node).open();
  }

  onOpened(node: RemoteNode): void {
    this.#knownOf(node).beginSaying();
  }

  /** Answers the node as it was known, if it was. */
  onDown(node: RemoteNode): KnownNode | undefined {
    const known = this.#known.get(node);
    if (known === undefined) return undefined;
    const wasUp = known.state === "up";
    this.#known.delete(node);
    this.#interest.forget(known);
    known.down();
    // A node of the same name may have come up before.
    if (!wasUp || this.#byName.get(known.name) !== known) return known;
    this.#byName.delete(known.name);
    this.#events.onPeer({ change: "down", peer: known.peer() });
    this.#events.onPresence({ node: known.name, state: undefined });
    return known;
  }

  onWant(node: RemoteNode, body: Uint8Array): string | undefined {
    const read = readWant(body);
    if (typeof read === "string") return read;
    const known = this.#known.get(node);
    if (known === undefined) return NOT_OPENED;
    return this.#applyWant(known, read);
  }

  onOffer(node: RemoteNode, body: Uint8Array): string | undefined {
    const read = readOffer(body);
    if (typeof read === "string") return read;
    const known = this.#known.get(node);
    if (known === undefined) return NOT_OPENED;
    return applyOffer((known.saying ?? known.said).offers, read);
  }

  onPresence(node: RemoteNode, body: Uint8Array): string | undefined {
    const read = readPresence(body);
    if (typeof read === "string") return read;
    const known = this.#known.get(node);
    if (known === undefined) return NOT_OPENED;
    const state = frozen(read);
    if (known.saying !== undefined) {
      known.saying.presence = state;
      return undefined;
    }
    const before = known.said.presence;
    known.said.presence = state;
    this.#tellPresence(known, before);
    return undefined;
  }

  /** What it has said since it opened takes the place of what it said before. [MESH-6.1] */
  onReady(node: RemoteNode, bytes: number): string | undefined {
    if (bytes > 0) return "ready: it has no body";
    const known = this.#known.get(node);
    if (known?.saying === undefined) return `ready: ${NOT_OPENED}`;
    const wasUp = known.state === "up";
    const before = known.said.presence;
    this.#become(known, known.saying);
    if (wasUp) {
      this.#tellPresence(known, before);
      return undefined;
    }
    this.#byName.set(known.name, known);
    this.#events.onPeer({ change: "up", peer: known.peer() });
    this.#events.onPresence({ node: known.name, state: known.said.presence });
    return undefined;
  }

  presence(): Iterable<readonly [string, PresenceState]> {
    return [...this.#byName.values()].map(({ name, said }) => [name, said.presence] as const);
  }

  #become(known: KnownNode, saying: Saying): void {
    this.#interest.set(known, known.ready(saying).list());
  }

  #tellPresence(known: KnownNode, before: PresenceState): void {
    const { presence: state } = known.said;
    if (known.state !== "up" || isSameState(state, before)) return;
    this.#events.onPresence({ node: known.name, state });
  }

  #applyWant(known: KnownNode, { change, interests }: WantChange): string | undefined {
    const { saying } = known;
    for (const interest of interests) {
      if (change === "remove") {
        if (saying === undefined) this.#interest.remove(known, interest);
        else saying.wants.remove(interest);
        continue;
      }
      const answer =
        saying === undefined
          ? this.#interest.add(known, interest)
          : saying.wants.add(interest, () => undefined);
      if (answer === "invalid") return "want: a pattern or a group is none";
      if (answer === "too_many") return "want: it wants more than a node may";
    }
    return undefined;
  }

  #knownOf(node: RemoteNode): KnownNode {
    const known = this.#known.get(node) ?? new KnownNode(node);
    this.#known.set(node, known);
    return known;
  }
}

function applyOffer(offers: Set<string>, { change, services }: OfferChange): string | undefined {
  for (const service of services) {
    if (change === "remove") offers.delete(service);
    else offers.add(service);
    if (offers.size > SERVICES_MAX) return `offer: more than ${SERVICES_MAX} services`;
  }
  return undefined;
}
