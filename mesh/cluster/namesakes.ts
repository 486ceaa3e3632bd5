import { type Address, formatAddress } from "../../src/index.ts";
import type { NodeIdentity } from "../link/setup.ts";
import type { ClusterLog } from "./cluster-log.ts";
import type { LiveLink } from "./live-link.ts";
import type { Roster } from "./roster.ts";

export interface NamesakesOptions {
  readonly identity: NodeIdentity;
  readonly advertise: Address | undefined;
  /** By instance. */
  readonly links: ReadonlyMap<string, LiveLink>;
  readonly roster: Roster;
  /** Whether nobody reaches the node any more; makes sure of it. */
  readonly isGone: (instance: string) => Promise<boolean>;
  readonly log: Pick<ClusterLog, "duplicateName">;
}

/** Nodes of one name that have got links at once, of which one has to go. [MESH-2.8] */
export class Namesakes {
  readonly #options: NamesakesOptions;
  /** Links that are about to be closed for their name. */
  readonly #doubted = new Set<LiveLink>();

  constructor(options: NamesakesOptions) {
    this.#options = options;
  }

  /** To be called once the link is among the links. */
  onLinkUp({ peer }: LiveLink): void {
    for (const { identity } of this.#options.roster.entries()) {
      if (identity.name === peer.name) this.#compare(identity);
    }
  }

  /** To be called once the node is in the roster. */
  onListed(node: NodeIdentity): void {
    const { identity, advertise, log } = this.#options;
    const { name, instance } = node;
    if (name === identity.name) {
      const here = placeText(advertise, "this node");
      log.duplicateName(instance, namesakeText(name, here, this.#placeOf(instance)));
    }
    this.#compare(node);
  }

  /** Is it another than the one of its name that is linked? */
  #compare(rival: NodeIdentity): void {
    for (const live of this.#options.links.values()) {
      const isNamesake = live.peer.name === rival.name && live.instance !== rival.instance;
      if (isNamesake && this.#hasToGo(live, rival)) void this.#settle(live, rival);
    }
  }

  /** The older one may be the former self of the newer, of whose end its peer has not heard. */
  async #settle(live: LiveLink, rival: NodeIdentity): Promise<void> {
    const { links, roster, isGone, log } = this.#options;
    if (this.#doubted.has(live) || roster.hasDeparted(rival.instance)) return;
    this.#doubted.add(live);
    const isRivalGone = await isGone(rival.instance);
    this.#doubted.delete(live);
    const isOver = isRivalGone || links.get(live.instance) !== live;
    if (isOver || !this.#hasToGo(live, rival)) return;
    const place = formatAddress(live.peer.advertise ?? live.address);
    const text = namesakeText(rival.name, this.#placeOf(rival.instance), place);
    log.duplicateName(live.instance, text);
    live.close(text, "duplicate_name");
  }

  /**
   * The one that more nodes are linked with stays, as far as is known here; of equals the older. So a single peer
   * cannot have a node sent away by listing another that nobody else knows.
   */
  #hasToGo(live: LiveLink, rival: NodeIdentity): boolean {
    const { roster } = this.#options;
    const linked = 1 + roster.listersOf(live.instance).length;
    const rivals = roster.listersOf(rival.instance).length;
    return linked === rivals ? isNewer(live.peer, rival) : linked < rivals;
  }

  #placeOf(instance: string): string {
    return placeText(this.#options.roster.addressesOf(instance)[0]);
  }
}

/** Where a node is, fit for a text. */
export function placeText(address: Address | undefined, otherwise = "an unknown address"): string {
  return address === undefined ? otherwise : formatAddress(address);
}

export function namesakeText(name: string, one: string, other: string): string {
  return `two nodes have the name "${name}", one at ${one} and one at ${other}; give one another [node] name`;
}

function isNewer(one: NodeIdentity, other: NodeIdentity): boolean {
  if (one.incarnation !== other.incarnation) return one.incarnation > other.incarnation;
  return one.instance > other.instance;
}
