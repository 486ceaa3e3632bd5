import { type Address, formatAddress, normalizeHost } from "../../src/index.ts";
import { isLoopbackHost } from "../config/hosts.ts";
import type { NodeIdentity } from "../link/setup.ts";
import type { ListedNode } from "./cluster-frames.ts";
import type { LiveLink } from "./live-link.ts";

/** What one peer says of a node that it has a link with. */
interface Listing {
  readonly place: string | undefined;
  /** It has answered that it does not reach the node after all; so it counts for nothing until it lists it anew. */
  isUnreachable: boolean;
}

/** A node that some peer lists. */
export interface ListedEntry {
  readonly identity: NodeIdentity;
  readonly listings: Map<LiveLink, Listing>;
  /** Where it can be dialled, by `addressKey`, and how many peers say so. */
  readonly places: Map<string, { readonly address: Address; listings: number }>;
}

export interface RosterOptions {
  /** Nodes listed at once. */
  readonly nodesMax: number;
}

/** What peers say of those they have links with. [MESH-2.5] */
export class Roster {
  readonly #nodesMax: number;
  readonly #entries = new Map<string, ListedEntry>();
  /** Who has said gone, or was told, and is carried by nobody for as long as it is listed. [MESH-5.5] */
  readonly #departed = new Set<string>();

  constructor({ nodesMax }: RosterOptions) {
    this.#nodesMax = nodesMax;
  }

  get(instance: string): ListedEntry | undefined {
    return this.#entries.get(instance);
  }

  entries(): IterableIterator<ListedEntry> {
    return this.#entries.values();
  }

  /** Answers whether it was noted: there may be too many, or the instance be another node's. */
  add(lister: LiveLink, { address, ...identity }: ListedNode): boolean {
    const known = this.#entries.get(identity.instance);
    if (known === undefined && this.#entries.size >= this.#nodesMax) return false;
    if (known !== undefined && !isSame(known.identity, identity)) return false;
    const entry: ListedEntry = known ?? { identity, listings: new Map(), places: new Map() };
    this.#entries.set(identity.instance, entry);
    unlist(entry, lister);
    const place = notePlace(entry, placeOf(address, lister));
    entry.listings.set(lister, { place, isUnreachable: false });
    return true;
  }

  /**
   * Whom to forget so that the peer can list one more: of what a single peer lists, where that peer has more of the
   * kind than this one. So nobody can fill it with what nobody else knows.
   */
  oneTooMany(
    lister: LiveLink,
  ): { readonly lister: LiveLink; readonly instance: string } | undefined {
    if (this.#entries.size < this.#nodesMax) return undefined;
    const counts = new Map<LiveLink, { count: number; instance: string }>();
    for (const [instance, { listings }] of this.#entries) {
      const [only] = listings.size === 1 ? listings.keys() : [];
      if (only === undefined) continue;
      counts.set(only, { count: (counts.get(only)?.count ?? 0) + 1, instance });
    }
    const ownCount = counts.get(lister)?.count ?? 0;
    const [most] = [...counts].toSorted(([, one], [, other]) => other.count - one.count);
    if (most === undefined || most[1].count <= ownCount + 1) return undefined;
    return { lister: most[0], instance: most[1].instance };
  }

  /** Answers whether it was listed. */
  remove(lister: LiveLink, instance: string): boolean {
    const entry = this.#entries.get(instance);
    if (entry === undefined || !unlist(entry, lister)) return false;
    if (entry.listings.size === 0) {
      this.#entries.delete(instance);
      this.#departed.delete(instance);
    }
    return true;
  }

  /** What the peer lists. */
  listedBy(lister: LiveLink): string[] {
    const listed = [...this.#entries.values()].filter(({ listings }) => listings.has(lister));
    return listed.map(({ identity }) => identity.instance);
  }

  listersOf(instance: string): LiveLink[] {
    return [...(this.#entries.get(instance)?.listings.keys() ?? [])];
  }

  isListedBy(lister: LiveLink, instance: string): boolean {
    return this.#entries.get(instance)?.listings.has(lister) === true;
  }

  markUnreachable(lister: LiveLink, instance: string): void {
    const listing = this.#entries.get(instance)?.listings.get(lister);
    if (listing !== undefined) listing.isUnreachable = true;
  }

  /** The peer that is to carry: of several the one whose name comes first. [MESH-5.5] */
  carrierOf(instance: string): LiveLink | undefined {
    if (this.#departed.has(instance)) return undefined;
    let first: LiveLink | undefined;
    for (const [lister, { isUnreachable }] of this.#entries.get(instance)?.listings ?? []) {
      const isFirst = first === undefined || lister.peer.name < first.peer.name;
      if (isFirst && !isUnreachable) first = lister;
    }
    return first;
  }

  /** Where it can be dialled, each place once. */
  addressesOf(instance: string): Address[] {
    const places = this.#entries.get(instance)?.places.values() ?? [];
    return Array.from(places, ({ address }) => address);
  }

  /** Whether some peer says that it can be dialled at this address. */
  isPlaceOf(key: string, instance: string): boolean {
    return this.#entries.get(instance)?.places.has(key) === true;
  }

  /** It has left by gone. A bounded number is remembered, of which those that go first matter least. */
  depart(instance: string): void {
    this.#departed.delete(instance);
    this.#departed.add(instance);
    if (this.#departed.size <= this.#nodesMax) return;
    for (const oldest of this.#departed) {
      this.#departed.delete(oldest);
      return;
    }
  }

  hasDeparted(instance: string): boolean {
    return this.#departed.has(instance);
  }

  /** It is back. */
  welcome(instance: string): void {
    this.#departed.delete(instance);
  }
}

/** The same for two spellings of one address. */
export function addressKey({ host, port }: Address): string {
  return formatAddress({ host: normalizeHost(host), port });
}

/**
 * [MESH-2.5]: an empty host is where the sender is, and what is loopback for it says so that way. So whoever names
 * loopback from another machine means this one's own ports, which are none of its business.
 */
export function placeOf(address: Address | undefined, lister: LiveLink): Address | undefined {
  if (address?.host === "") return { ...address, host: lister.address.host };
  const isOwn = address !== undefined && isThisMachine(address.host);
  return isOwn && !isThisMachine(lister.address.host) ? undefined : address;
}

function isThisMachine(host: string): boolean {
  const normal = normalizeHost(host);
  return isLoopbackHost(normal) || normal === "0.0.0.0" || normal === "::";
}

function notePlace({ places }: ListedEntry, address: Address | undefined): string | undefined {
  if (address === undefined) return undefined;
  const key = addressKey(address);
  const place = places.get(key) ?? { address, listings: 0 };
  place.listings += 1;
  places.set(key, place);
  return key;
}

/** Answers whether the peer has listed it. */
function unlist({ listings, places }: ListedEntry, lister: LiveLink): boolean {
  const listing = listings.get(lister);
  if (listing === undefined) return false;
  listings.delete(lister);
  const place = listing.place === undefined ? undefined : places.get(listing.place);
  if (place === undefined) return true;
  place.listings -= 1;
  if (place.listings === 0) places.delete(listing.place ?? "");
  return true;
}

function isSame(one: NodeIdentity, other: NodeIdentity): boolean {
  return one.name === other.name && one.incarnation === other.incarnation;
}
