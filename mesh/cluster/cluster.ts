/**
 * The cluster as one node sees it: which nodes there are, a link with each where one can be had, and the
 * way to each. [MESH-2], [MESH-5]
 *
 * What goes over links is the business of `LiveLink`, what peers say of others that of `Roster`, who was lost and where
 * that of `Whereabouts`, who gets a link that of `Arbiter`, who has to go of two by one name that of `Namesakes`, who is
 * dialled that of `Dialling`, and how frames reach a node that of `Routes`. Here they are put together, in the order in
 * which each must hear of a thing.
 */

import type { Address } from "../../src/index.ts";
import { type Clock, SYSTEM_CLOCK } from "../clock.ts";
import type {
  AttemptFailure,
  LinkAttempt,
  LinkConnector,
  LinkDown,
  LinkHandler,
  LinkPolicy,
  PeerLink,
} from "../link/peer-link.ts";
import type { LinkRefusal, NodeIdentity } from "../link/setup.ts";
import type { Logger } from "../log.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import { Arbiter } from "./arbiter.ts";
import type { ListedNode, PeersFrame } from "./cluster-frames.ts";
import { ClusterLog } from "./cluster-log.ts";
import { Dialling } from "./dialling.ts";
import { Gossip } from "./gossip.ts";
import { LiveLink, type LiveLinkOwner } from "./live-link.ts";
import { Namesakes } from "./namesakes.ts";
import { type PeerStatus, peersStatus } from "./peer-status.ts";
import type { RemoteNode, RemoteNodeHandler } from "./remote-node.ts";
import { Roster } from "./roster.ts";
import { Routes } from "./routes.ts";
import { Whereabouts } from "./whereabouts.ts";

export interface ClusterOptions {
  readonly identity: NodeIdentity;
  /** Where others can dial this node; an empty host is where they see it. */
  readonly advertise: Address | undefined;
  /** Addresses to dial for ever, whoever is there. */
  readonly seeds: readonly Address[];
  readonly limits: MeshLimits;
  /** Hears of other nodes, and what they send. */
  readonly handler: RemoteNodeHandler;
  readonly log: Logger;
  readonly clock?: Clock;
  /** As `Math.random`. */
  readonly random?: () => number;
}

/** Hears what comes of links; `start` gives it who makes them. */
export class Cluster implements LinkPolicy {
  readonly #options: ClusterOptions;
  readonly #now: () => number;
  /** By instance. */
  readonly #links = new Map<string, LiveLink>();
  readonly #roster: Roster;
  readonly #arbiter: Arbiter;
  readonly #gossip: Gossip;
  readonly #whereabouts: Whereabouts;
  readonly #dialling: Dialling;
  readonly #routes: Routes;
  readonly #log: ClusterLog;
  readonly #namesakes: Namesakes;
  readonly #owner: LiveLinkOwner;
  #state: "running" | "stopped" = "running";

  constructor(options: ClusterOptions) {
    const { identity, advertise, limits, log, handler } = options;
    const { clock = SYSTEM_CLOCK, random = Math.random } = options;
    const now = (): number => clock.now();
    this.#options = options;
    this.#now = now;
    const links: ReadonlyMap<string, LiveLink> = this.#links;
    const roster = new Roster({ nodesMax: limits.meshNodesMax });
    this.#roster = roster;
    this.#log = new ClusterLog(log, now);
    const shared = { identity, links, roster, clock };
    this.#arbiter = new Arbiter({ ...shared, advertise, nodesMax: limits.meshNodesMax });
    this.#namesakes = new Namesakes({
      identity,
      advertise,
      links,
      roster,
      log: this.#log,
      isGone: (instance) => this.#arbiter.isGone(instance),
    });
    this.#gossip = new Gossip(links);
    const whereabouts = new Whereabouts({
      roster,
      clock,
      onForgotten: (instance) => this.#dialling.reconsider(instance),
    });
    this.#whereabouts = whereabouts;
    const isDialable = advertise !== undefined;
    this.#dialling = new Dialling({ ...shared, whereabouts, isDialable, random });
    this.#routes = new Routes({ ...shared, handler, limits, log: this.#log.limited });
    this.#owner = this.#createOwner();
    this.#dialling.setSeeds(options.seeds);
  }

  /** Begins to dial. */
  start(connector: LinkConnector): void {
    if (this.#state === "running") this.#dialling.start(connector);
  }

  /** Says gone to all peers, and resolves when no attempt to dial is left. [MESH-2.9] */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#arbiter.stop();
    this.#routes.stop();
    this.#whereabouts.stop();
    for (const live of this.#links.values()) live.close("the node stops", "stopping");
    await this.#dialling.stop();
  }

  setSeeds(seeds: readonly Address[]): void {
    if (this.#state === "running") this.#dialling.setSeeds(seeds);
  }

  nodes(): readonly RemoteNode[] {
    return this.#routes.nodes();
  }

  node(name: string): RemoteNode | undefined {
    return this.#routes.node(name);
  }

  /** Every node that is linked, listed or looked for where no other is, and every seed that no other has answered at. */
  status(): readonly PeerStatus[] {
    const known = [...this.#whereabouts.entries()];
    return peersStatus({
      links: this.#links,
      known: known.filter(({ identity }) => !this.#dialling.isReplaced(identity.instance)),
      targets: this.#dialling.targets(),
      nodeOf: (instance) => this.#routes.byInstance(instance),
      nowMs: this.#now(),
    });
  }

  decide(
    attempt: LinkAttempt,
    peer: NodeIdentity,
  ): LinkRefusal | undefined | Promise<LinkRefusal | undefined> {
    if (this.#state === "stopped") return { code: "stopping", text: "the node stops" };
    this.#dialling.onIdentified(attempt, peer);
    return this.#arbiter.decide(attempt, peer);
  }

  onUp(attempt: LinkAttempt, link: PeerLink): LinkHandler {
    this.#arbiter.conclude(attempt);
    const { handler } = this.#options;
    const live = new LiveLink({ link, owner: this.#owner, handler, now: this.#now });
    if (this.#state === "stopped") {
      // Not before it knows whom to tell that it is down.
      queueMicrotask(() => live.close("the node stops", "stopping"));
      return live;
    }
    const older = this.#links.get(live.instance);
    this.#links.set(live.instance, live);
    this.#roster.welcome(live.instance);
    this.#log.linkUp(live);
    this.#gossip.onLinkUp(live, { isReplacing: older !== undefined });
    this.#dialling.onLinkUp(live, attempt);
    this.#whereabouts.onKnown(live.peer);
    this.#routes.onLinkUp(live);
    if (older !== undefined) this.#replace(older);
    this.#namesakes.onLinkUp(live);
    return live;
  }

  onFailed(attempt: LinkAttempt, failure: AttemptFailure): void {
    this.#arbiter.conclude(attempt);
    const target = this.#dialling.onFailed(attempt, failure);
    if (this.#state === "stopped") return;
    const isExpected = failure.kind === "refused" && failure.code === "duplicate_link";
    if (target !== undefined) {
      const error = { text: failure.text, at: new Date().toISOString() };
      target.lastError = isExpected ? undefined : error;
    }
    this.#log.failed(attempt, failure);
  }

  #createOwner(): LiveLinkOwner {
    const routes = this.#routes;
    return {
      onPeers: (live, frame) => this.#whileLinked(live, () => this.#onPeers(live, frame)),
      onCheck: (instance) => this.#links.get(instance)?.check(),
      onUnreachable: (live, instance) => routes.onUnreachable(live, instance),
      onRelay: (live, carried) => this.#whileLinked(live, () => routes.onRelay(live, carried)),
      onRelayed: (live, carried) => this.#whileLinked(live, () => routes.onRelayed(live, carried)),
      onUnopened: (...args) => routes.onUnopened(...args),
      onRouteFrame: (live, type, value) =>
        this.#whileLinked(live, () => routes.onDirectFrame(live, type, value)),
      onDown: (live, down) => this.#onDown(live, down),
    };
  }

  /** A link that was replaced may still have something to say. */
  #whileLinked(live: LiveLink, act: () => void): void {
    if (this.#links.get(live.instance) === live) act();
  }

  #onPeers(live: LiveLink, { added, removed }: PeersFrame): void {
    if (!live.peerChanges.take(added.length + removed.length)) {
      live.close("it lists and unlists too many nodes", "protocol_error");
      return;
    }
    for (const instance of removed) {
      if (this.#roster.remove(live, instance)) this.#onUnlisted(live, instance);
    }
    for (const node of added) this.#onListed(live, node);
    this.#arbiter.onChange();
  }

  #onListed(live: LiveLink, node: ListedNode): void {
    const { instance } = node;
    const { identity, limits } = this.#options;
    if (instance === identity.instance || instance === live.instance) return;
    const isKnown = this.#roster.isListedBy(live, instance);
    if (!this.#roster.add(live, node) && !this.#addInstead(live, node)) {
      this.#log.tooManyListed(limits.meshNodesMax);
      return;
    }
    this.#namesakes.onListed(node);
    this.#whereabouts.onKnown(node);
    if (isKnown) this.#dialling.reconsider(instance);
    else this.#dialling.onListed(instance);
    this.#routes.onListed(instance);
  }

  /** There are too many: one that another peer alone lists may have to go for it. */
  #addInstead(live: LiveLink, node: ListedNode): boolean {
    const other = this.#roster.oneTooMany(live);
    if (other === undefined) return false;
    this.#roster.remove(other.lister, other.instance);
    this.#onUnlisted(other.lister, other.instance);
    return this.#roster.add(live, node);
  }

  #onUnlisted(lister: LiveLink, instance: string): void {
    this.#routes.onUnlisted(lister, instance);
    this.#dialling.reconsider(instance);
  }

  #onDown(live: LiveLink, down: LinkDown): void {
    if (this.#links.get(live.instance) !== live) {
      this.#log.replaced(live, down);
      return;
    }
    this.#links.delete(live.instance);
    // [MESH-2.9], [MESH-5.5]
    const isGone = live.saidGone || down.reason === "gone" || down.reason === "protocol_error";
    if (isGone) this.#roster.depart(live.instance);
    if (this.#state === "stopped") return;
    this.#log.linkDown(live, down);
    this.#gossip.onLinkDown(live);
    const listed = this.#forgetListings(live);
    this.#routes.onLinkDown(live);
    if (isGone) this.#whereabouts.forget(live.instance);
    else this.#whereabouts.lose(live);
    for (const instance of listed) this.#dialling.reconsider(instance);
    this.#dialling.reconsider(live.instance);
    for (const { identity } of this.#roster.entries()) {
      if (identity.name === live.peer.name) this.#dialling.reconsider(identity.instance);
    }
    this.#dialling.onLinkDown(live);
    this.#arbiter.onChange();
  }

  /** The arbiter would not have made another link if it still had this one. [MESH-2.2] */
  #replace(older: LiveLink): void {
    const listed = this.#forgetListings(older);
    this.#routes.onLinkDown(older);
    for (const instance of listed) this.#dialling.reconsider(instance);
    this.#arbiter.onChange();
    older.close("a newer link has taken its place");
  }

  #forgetListings(live: LiveLink): readonly string[] {
    const listed = this.#roster.listedBy(live);
    for (const instance of listed) this.#roster.remove(live, instance);
    return listed;
  }
}
