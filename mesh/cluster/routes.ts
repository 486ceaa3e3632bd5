import type { Cancel } from "../clock.ts";
import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import type { NodeIdentity } from "../link/setup.ts";
import type { LogFields } from "../log.ts";
import type { LimitedLogger } from "../log-limit.ts";
import {
  type CarriedFrame,
  ClusterFrameType,
  DROPPABLE_FRAME_TYPE_MIN,
  decodeNumber,
  encodeRelayed,
  encodeUnreachable,
  PAYLOAD_FRAME_TYPE_MIN,
} from "./cluster-frames.ts";
import { Doubts } from "./doubts.ts";
import type { HeldFrames } from "./held-frames.ts";
import { CARRIED_SHARE, CARRY_AFTER_MS } from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import { ReachableNode, type ReachableNodeOptions } from "./reachable-node.ts";
import type { Roster } from "./roster.ts";

export interface RoutesOptions extends Omit<ReachableNodeOptions, "nextSerial" | "onOver"> {
  readonly identity: NodeIdentity;
  /** By instance. */
  readonly links: ReadonlyMap<string, LiveLink>;
  readonly roster: Roster;
  readonly log: LimitedLogger;
}

/** The ways to all other nodes, and those between others that this node is part of. [MESH-5] */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #nodeOptions: ReachableNodeOptions;
  readonly #nodes = new Map<string, ReachableNode>();
  readonly #byName = new Map<string, ReachableNode>();
  /** Nodes that nobody has carried to yet, because a link is about to come. As many as are listed at most. */
  readonly #awaited = new Map<string, Cancel>();
  readonly #doubts = new Doubts();
  #serial = 0;

  constructor(options: RoutesOptions) {
    this.#options = options;
    const { handler, limits, clock } = options;
    this.#nodeOptions = {
      handler,
      limits,
      clock,
      nextSerial: () => this.#nextSerial(),
      onOver: (node) => this.#forget(node),
    };
  }

  nodes(): ReachableNode[] {
    return [...this.#nodes.values()];
  }

  node(name: string): ReachableNode | undefined {
    return this.#byName.get(name);
  }

  byInstance(instance: string): ReachableNode | undefined {
    return this.#nodes.get(instance);
  }

  onLinkUp(live: LiveLink): void {
    const { peer, instance } = live;
    this.#stopAwaiting(instance);
    const namesake = this.#byName.get(peer.name);
    // It has restarted: its new self takes the place of the old.
    if (namesake !== undefined && namesake.instance !== instance) namesake.goDown();
    const known = this.#nodes.get(instance);
    // Somebody has listed the instance by another name than it has proved.
    if (known !== undefined && known.name !== peer.name) known.goDown();
    (this.#nodes.get(instance) ?? this.#create(peer)).onLinkUp(live);
  }

  /** To be called once the link is no longer among the links, nor what it lists in the roster. */
  onLinkDown(live: LiveLink): void {
    for (const node of this.nodes()) this.#lose(node, live);
  }

  onListed(instance: string): void {
    this.#awaitOrCarry(instance, CARRY_AFTER_MS);
  }

  onUnlisted(lister: LiveLink, instance: string): void {
    if (this.#options.roster.get(instance) === undefined) this.#stopAwaiting(instance);
    const node = this.#nodes.get(instance);
    if (node !== undefined && instance !== lister.instance) this.#lose(node, lister);
  }

  onUnreachable(live: LiveLink, instance: string): void {
    const node = this.#nodes.get(instance);
    // Late, where the route is another already.
    if (node?.outbound !== live || live.instance === instance) return;
    this.#options.roster.markUnreachable(live, instance);
    this.#lose(node, live);
  }

  /** [MESH-5.1], [MESH-5.2] */
  onRelay(live: LiveLink, carried: CarriedFrame): void {
    const next = this.#options.links.get(carried.instance);
    const isPassedOn = next !== undefined && next !== live && this.#passOn(live, carried, next);
    if (!isPassedOn) live.link.sendControl(encodeUnreachable(carried.instance));
  }

  onRelayed(live: LiveLink, carried: CarriedFrame): void {
    const { instance, type, chunk, start, end } = carried;
    if (!this.#nodes.has(instance) && type === ClusterFrameType.open) {
      // The other side has not waited for a link.
      if (this.#options.roster.isListedBy(live, instance)) this.#awaitOrCarry(instance, 0);
    }
    const node = this.#nodes.get(instance);
    if (node === undefined) return;
    if (type < PAYLOAD_FRAME_TYPE_MIN) {
      // Not the carrier's mistake.
      if (end - start !== 4) return;
      this.#onRouteFrame({ node, live, type, value: decodeNumber(chunk, start, end) });
      return;
    }
    const frame = chunk.subarray(start - 1, end);
    // Behind an open that is in doubt, also where the same carrier was believed before.
    if (this.#doubts.hold(node, live, frame)) return;
    if (node.inbound === live) this.#deliver(node, live, frame);
  }

  /** A payload over a link that the peer has not opened, or left. [MESH-5.3] */
  onUnopened(live: LiveLink, chunk: Buffer, start: number, end: number): void {
    if (live.node !== undefined) {
      this.#doubts.hold(live.node, live, chunk.subarray(start, end));
    }
  }

  /** A frame of a route that came over the link of the pair. */
  onDirectFrame(live: LiveLink, type: number, value: number): void {
    const { node } = live;
    if (node !== undefined) this.#onRouteFrame({ node, live, type, value });
  }

  stop(): void {
    for (const cancel of this.#awaited.values()) cancel();
    this.#awaited.clear();
    for (const node of this.nodes()) node.goDown();
  }

  #onRouteFrame({
    node,
    live,
    type,
    value,
  }: {
    readonly node: ReachableNode;
    readonly live: LiveLink;
    readonly type: number;
    readonly value: number;
  }): void {
    switch (type) {
      case ClusterFrameType.open:
        this.#onOpen(node, live, value);
        return;
      case ClusterFrameType.flush: {
        const link = this.#options.links.get(node.instance);
        if (link !== undefined && link !== live) link.isEntered = true;
        node.onFlush(live, value);
        return;
      }
      case ClusterFrameType.flushed:
        node.onFlushed(value);
        return;
    }
  }

  /**
   * [MESH-5.3]. Only the link of the pair shows whose word an open is. One by a carrier says that the sender has lost
   * the link, which is closed if that is so; one over the link, with a smaller serial than somebody else's, is late
   * unless the link is there.
   */
  #onOpen(node: ReachableNode, from: LiveLink, serial: number): void {
    const isNews = serial > node.inboundSerial;
    const link = this.#options.links.get(node.instance);
    const isOwn = link === from;
    const isContradicted = isOwn ? !isNews && node.inbound !== from : isNews && link?.isEntered;
    if (link === undefined || isContradicted !== true) {
      if (isNews) this.#accept(node, from, serial);
      return;
    }
    this.#doubts.raise({ node, from, serial, link }, (isThere, held) => {
      // Meanwhile it may have opened another way.
      const isFirst = isOwn || serial > node.inboundSerial;
      if (isThere === isOwn && isFirst && held !== undefined) {
        this.#accept(node, from, serial, held);
        return;
      }
      if (isThere && !isOwn) this.#warnOfCarrier(from, node);
      if (!isThere) link.close("it did not answer when it was opened another way");
      // What could not be held is said again only on another way.
      if (isThere === isOwn && isFirst) from.close("it brought more than can be held in doubt");
    });
  }

  #accept(node: ReachableNode, from: LiveLink, serial: number, held?: HeldFrames): void {
    if (node.isDown) return;
    node.acceptOpen(from, serial);
    const link = this.#options.links.get(node.instance);
    if (link === from) from.isEntered = true;
    else if (link?.isEntered === true) link.close("the other side has lost the link");
    if (!node.isDown) this.#options.handler.onOpened(node);
    for (const { frame } of held ?? []) {
      if (node.inbound !== from) return;
      const { buffer, byteOffset, length } = frame;
      this.#deliver(node, from, Buffer.from(buffer, byteOffset, length));
    }
  }

  /** A node frame, type and all. */
  #deliver(node: ReachableNode, from: LiveLink, frame: Buffer): void {
    const type = frame[0] ?? 0;
    const mistake = this.#options.handler.onFrame(node, type, frame, 1, frame.length);
    if (mistake === undefined) return;
    // Not the carrier's mistake.
    if (from.instance !== node.instance) this.#warnOf(node, { carrier: from.peer.name, mistake });
    else from.close(mistake, "protocol_error");
  }

  /** Answers `false` if the way is of no use, because what must arrive would not. */
  #passOn(from: LiveLink, carried: CarriedFrame, { link, instance }: LiveLink): boolean {
    const frame = encodeRelayed(from.instanceBytes, carried);
    // Flush must stay behind large frames; and one peer's control must not overflow the link of another.
    const isSmall =
      frame.length <= SMALL_FRAME_BYTES_MAX && carried.type !== ClusterFrameType.flush;
    const mustArrive = carried.type < DROPPABLE_FRAME_TYPE_MIN;
    const shareBytes = this.#options.limits.meshQueueBytesMax * CARRIED_SHARE;
    const hasShare = link.queuedBytes === 0 || link.queuedBytes + frame.length <= shareBytes;
    if (mustArrive && isSmall && hasShare) {
      link.sendControl(frame);
      return true;
    }
    const isTaken = hasShare && link.sendMessage(frame, `${from.instance} ${instance}`);
    return isTaken || !mustArrive || carried.type === ClusterFrameType.flush;
  }

  #awaitOrCarry(instance: string, delayMs: number): void {
    if (this.#nodes.has(instance) || !this.#mayCarry(instance)) return;
    if (delayMs === 0) {
      this.#stopAwaiting(instance);
      this.#carry(instance);
    } else if (!this.#awaited.has(instance)) {
      const cancel = this.#options.clock.after(delayMs, () => this.#awaitOrCarry(instance, 0));
      this.#awaited.set(instance, cancel);
    }
  }

  #mayCarry(instance: string): boolean {
    const { identity, links, roster } = this.#options;
    const name = roster.get(instance)?.identity.name;
    if (name === undefined || name === identity.name || links.has(instance)) return false;
    // Of two nodes of one name, the one that is there stays.
    return !this.#byName.has(name) && roster.carrierOf(instance) !== undefined;
  }

  #carry(instance: string): void {
    const { roster } = this.#options;
    const carrier = roster.carrierOf(instance);
    const entry = roster.get(instance);
    if (carrier === undefined || entry === undefined) return;
    this.#create(entry.identity).carryBy(carrier);
  }

  #carryNamesakes(name: string): void {
    for (const { identity } of this.#options.roster.entries()) {
      if (identity.name === name) this.#awaitOrCarry(identity.instance, 0);
    }
  }

  #lose(node: ReachableNode, link: LiveLink): void {
    node.onLost(link, this.#options.roster.carrierOf(node.instance));
    if (node.isDown) this.#carryNamesakes(node.name);
  }

  #create(identity: NodeIdentity): ReachableNode {
    const node = new ReachableNode(identity, this.#nodeOptions);
    this.#nodes.set(node.instance, node);
    this.#byName.set(node.name, node);
    return node;
  }

  #forget(node: ReachableNode): void {
    if (this.#nodes.get(node.instance) === node) this.#nodes.delete(node.instance);
    if (this.#byName.get(node.name) === node) this.#byName.delete(node.name);
  }

  #stopAwaiting(instance: string): void {
    this.#awaited.get(instance)?.();
    this.#awaited.delete(instance);
  }

  #warnOf(node: ReachableNode, fields: LogFields): void {
    const text = "a node sends what cannot be read; is it of another version?";
    this.#options.log.warn(`unreadable ${node.instance}`, text, { peer: node.name, ...fields });
  }

  #warnOfCarrier({ peer }: LiveLink, node: ReachableNode): void {
    const text = "a peer carries what the node it names has not sent; is it to be trusted?";
    this.#options.log.warn(`carrier ${peer.name}`, text, { peer: peer.name, named: node.name });
  }

  /** Greater each time, over all pairs, and so for each. [MESH-5.3] */
  #nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }
}
