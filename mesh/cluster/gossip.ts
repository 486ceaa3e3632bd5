import type { Address } from "../../src/index.ts";
import { isLoopbackHost } from "../config/hosts.ts";
import { identityOf } from "../link/setup.ts";
import { encodePeers, type ListedNode } from "./cluster-frames.ts";
import type { LiveLink } from "./live-link.ts";

/** Tells each peer which others there is a link with. [MESH-2.5] */
export class Gossip {
  readonly #links: ReadonlyMap<string, LiveLink>;

  constructor(links: ReadonlyMap<string, LiveLink>) {
    this.#links = links;
  }

  /**
   * To be called before anything else goes over the link, or to its peer through this node. Where it took the place
   * of another, others are told that the peer went and came: what this node carried may be lost, and the peer has
   * forgotten whoever it reached this way alone.
   */
  onLinkUp(live: LiveLink, { isReplacing }: { readonly isReplacing: boolean }): void {
    const others = this.#othersThan(live);
    send(live, { added: others.map(listed), removed: [] });
    const removed = isReplacing ? [live.instance] : [];
    for (const other of others) send(other, { added: [listed(live)], removed });
  }

  /** To be called when there is no other link with the node. */
  onLinkDown(live: LiveLink): void {
    for (const other of this.#othersThan(live)) {
      send(other, { added: [], removed: [live.instance] });
    }
  }

  #othersThan({ instance }: LiveLink): LiveLink[] {
    return [...this.#links.values()].filter((other) => other.instance !== instance);
  }
}

function send(live: LiveLink, frame: Parameters<typeof encodePeers>[0]): void {
  for (const bytes of encodePeers(frame)) live.link.sendControl(bytes);
}

function listed({ peer }: LiveLink): ListedNode {
  return { ...identityOf(peer), address: peer.advertise && placeFor(peer.advertise) };
}

/** A loopback address means another machine to everybody else. */
function placeFor(address: Address): Address {
  return isLoopbackHost(address.host) ? { ...address, host: "" } : address;
}
