import type { Address } from "../../src/index.ts";
import { LinkError } from "../link/link-error.ts";
import type { GoneCode, LinkDown, LinkHandler, PeerLink } from "../link/peer-link.ts";
import type { LinkPeer } from "../link/setup.ts";
import {
  type CarriedFrame,
  ClusterFrameType,
  decodeCarried,
  decodeCheck,
  decodeNumber,
  decodePeers,
  decodeUnreachable,
  PAYLOAD_FRAME_TYPE_MIN,
  type PeersFrame,
} from "./cluster-frames.ts";
import {
  CHECK_EVERY_MS,
  PEER_CHANGES_MAX,
  PEER_CHANGES_PER_SECOND,
  PROBE_TIMEOUT_MS,
} from "./limits.ts";
import type { ReachableNode } from "./reachable-node.ts";
import type { RemoteNodeHandler } from "./remote-node.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Who acts on what a link brings, payloads apart. */
export interface LiveLinkOwner {
  onPeers(live: LiveLink, frame: PeersFrame): void;
  onCheck(instance: string): void;
  onUnreachable(live: LiveLink, instance: string): void;
  /** To be passed on. */
  onRelay(live: LiveLink, carried: CarriedFrame): void;
  /** Has been passed on, to this node. */
  onRelayed(live: LiveLink, carried: CarriedFrame): void;
  /** A frame of a route. */
  onRouteFrame(live: LiveLink, type: number, value: number): void;
  /** A payload of the peer, over a link that it has not opened, or left. `start` is where its type is. */
  onUnopened(live: LiveLink, chunk: Buffer, start: number, end: number): void;
  onDown(live: LiveLink, down: LinkDown): void;
}

export interface LiveLinkOptions {
  readonly link: PeerLink;
  readonly owner: LiveLinkOwner;
  readonly handler: RemoteNodeHandler;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

/** A link that is up, with what the cluster knows of it. */
export class LiveLink implements LinkHandler {
  readonly link: PeerLink;
  readonly peer: LinkPeer;
  readonly instance: string;
  readonly instanceBytes: Uint8Array;
  readonly upSinceMs: number;
  /** For each node that it lists or unlists, one is taken. */
  readonly peerChanges: TokenBucket;
  /** The node at the other end, once it has its route. */
  node: ReachableNode | undefined;
  /**
   * Whether the peer has opened the link, or has begun to move to it. An open by a carrier then says that it has
   * left it again; before, it is only late. [MESH-5.3]
   */
  isEntered = false;
  /** Whether this side has said gone. */
  saidGone = false;
  readonly #owner: LiveLinkOwner;
  readonly #handler: RemoteNodeHandler;
  readonly #now: () => number;
  #probe: Promise<boolean> | undefined;
  #checkFromMs = 0;

  constructor({ link, owner, handler, now }: LiveLinkOptions) {
    this.link = link;
    this.peer = link.peer;
    this.instance = link.peer.instance;
    this.instanceBytes = Uint8Array.fromHex(this.instance);
    this.upSinceMs = now();
    this.#now = now;
    this.peerChanges = new TokenBucket({
      max: PEER_CHANGES_MAX,
      perSecond: PEER_CHANGES_PER_SECOND,
      now,
    });
    this.#owner = owner;
    this.#handler = handler;
  }

  get address(): Address {
    return this.link.address;
  }

  onFrame(link: PeerLink, type: number, chunk: Buffer, start: number, end: number): void {
    if (type < PAYLOAD_FRAME_TYPE_MIN) {
      this.#onOwnFrame(type, chunk, start, end);
      return;
    }
    const { node } = this;
    if (node === undefined) return;
    // [MESH-5.3]: not opened, or late.
    if (node.inbound !== this) {
      this.#owner.onUnopened(this, chunk, start - 1, end);
      return;
    }
    const mistake = this.#handler.onFrame(node, type, chunk, start, end);
    if (mistake !== undefined && link === this.link) this.close(mistake, "protocol_error");
  }

  onDown(_link: PeerLink, down: LinkDown): void {
    this.#owner.onDown(this, down);
  }

  close(text: string, code?: GoneCode): void {
    if (code !== undefined) this.saidGone = true;
    this.link.close(text, code);
  }

  /**
   * Makes sure that the other side is there, and closes the link if it is not. Whoever asks meanwhile
   * gets the same answer. [MESH-2.7]
   */
  isAnswering(): Promise<boolean> {
    this.#probe ??= this.#askIt().finally(() => {
      this.#probe = undefined;
    });
    return this.#probe;
  }

  /** As `isAnswering`, but for others' sake, who may ask more often than is good for the link. [MESH-2.7] */
  check(): void {
    const nowMs = this.#now();
    if (nowMs < this.#checkFromMs) return;
    this.#checkFromMs = nowMs + CHECK_EVERY_MS;
    void this.isAnswering();
  }

  /** Whether the other side answers what is asked now; does nothing about it. */
  isStillThere(): Promise<boolean> {
    return this.link.probe(PROBE_TIMEOUT_MS);
  }

  async #askIt(): Promise<boolean> {
    const isThere = await this.link.probe(PROBE_TIMEOUT_MS);
    if (!isThere) this.close(`it did not answer within ${PROBE_TIMEOUT_MS} ms`);
    return isThere;
  }

  #onOwnFrame(type: number, chunk: Buffer, start: number, end: number): void {
    try {
      this.#dispatch(type, chunk, start, end);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.close(error.message, "protocol_error");
    }
  }

  #dispatch(type: number, chunk: Buffer, start: number, end: number): void {
    const owner = this.#owner;
    switch (type) {
      case ClusterFrameType.relay:
        owner.onRelay(this, decodeCarried(chunk, start, end));
        return;
      case ClusterFrameType.relayed:
        owner.onRelayed(this, decodeCarried(chunk, start, end));
        return;
      case ClusterFrameType.peers:
        owner.onPeers(this, decodePeers(chunk, start, end));
        return;
      case ClusterFrameType.check:
        owner.onCheck(decodeCheck(chunk, start, end));
        return;
      case ClusterFrameType.unreachable:
        owner.onUnreachable(this, decodeUnreachable(chunk, start, end));
        return;
      case ClusterFrameType.open:
      case ClusterFrameType.flush:
      case ClusterFrameType.flushed:
        owner.onRouteFrame(this, type, decodeNumber(chunk, start, end));
        return;
    }
  }
}
