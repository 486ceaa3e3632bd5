import type { Address } from "../../src/index.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { NodeIdentity } from "../link/setup.ts";
import { LOST_KEPT_MS, LOST_MAX } from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import { addressKey, placeOf, type Roster } from "./roster.ts";

/** A node that may be dialled, if there is a place for that. */
interface KnownNode {
  readonly identity: NodeIdentity;
  readonly addresses: readonly Address[];
}

interface LostPeer extends KnownNode {
  cancel: Cancel;
}

export interface WhereaboutsOptions {
  readonly roster: Roster;
  readonly clock: Clock;
  /** It was lost, and will not be looked for any longer; it may be listed, or linked, all the same. */
  readonly onForgotten: (instance: string) => void;
}

/**
 * Which nodes could be dialled, and where: those that peers list, and for a while peers whose link was lost. Where
 * whoever listed those is gone as well, nobody else could bring the two together again. [MESH-2.6]
 */
export class Whereabouts {
  readonly #options: WhereaboutsOptions;
  /** By instance, in the order in which they were lost. One that is back stays, for it may soon be lost again. */
  readonly #lost = new Map<string, LostPeer>();

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
  }

  /** Each node once. */
  *entries(): IterableIterator<KnownNode> {
    const instances = Array.from(
      this.#options.roster.entries(),
      ({ identity }) => identity.instance,
    );
    for (const instance of new Set([...instances, ...this.#lost.keys()])) {
      const known = this.get(instance);
      if (known !== undefined) yield known;
    }
  }

  get(instance: string): KnownNode | undefined {
    const { roster } = this.#options;
    const lost = this.#lost.get(instance);
    const listed = roster.get(instance);
    if (listed === undefined) return lost;
    const addresses = roster.addressesOf(instance);
    return {
      identity: listed.identity,
      addresses: addresses.length > 0 ? addresses : (lost?.addresses ?? []),
    };
  }

  isListed(instance: string): boolean {
    return this.#options.roster.get(instance) !== undefined;
  }

  /** To be called when its link is down, and it has not said gone. */
  lose(live: LiveLink): void {
    const { instance, peer } = live;
    this.#take(instance);
    const addresses = placesOf(live);
    if (addresses.length === 0) return;
    const { name, incarnation } = peer;
    const identity = { name, instance, incarnation };
    this.#lost.set(instance, { identity, addresses, cancel: this.#expire(instance) });
    const [oldest] = this.#lost.keys();
    if (this.#lost.size > LOST_MAX && oldest !== undefined) this.forget(oldest);
  }

  forget(instance: string): void {
    if (this.#take(instance)) this.#options.onForgotten(instance);
  }

  /** A node is linked or listed; what it was before its restart is not looked for. */
  onKnown({ name, incarnation }: NodeIdentity): void {
    for (const { identity } of this.#lost.values()) {
      const isFormer = identity.name === name && identity.incarnation < incarnation;
      if (isFormer) this.forget(identity.instance);
    }
  }

  stop(): void {
    for (const { cancel } of this.#lost.values()) cancel();
    this.#lost.clear();
  }

  #take(instance: string): boolean {
    this.#lost.get(instance)?.cancel();
    return this.#lost.delete(instance);
  }

  #expire(instance: string): Cancel {
    return this.#options.clock.after(LOST_KEPT_MS, () => {
      const lost = this.#lost.get(instance);
      // The time counts from when nobody knows of it any more.
      if (lost !== undefined && this.isListed(instance)) lost.cancel = this.#expire(instance);
      else this.forget(instance);
    });
  }
}

/** Where it was dialled, and where it says that it can be. */
function placesOf(live: LiveLink): Address[] {
  const dialled = live.link.direction === "dialled" ? live.address : undefined;
  const places = [dialled, placeOf(live.peer.advertise, live)].filter(
    (place) => place !== undefined,
  );
  return [...new Map(places.map((place) => [addressKey(place), place])).values()];
}
