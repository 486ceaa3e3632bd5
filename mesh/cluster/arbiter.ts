import type { Address } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import type { LinkAttempt } from "../link/peer-link.ts";
import type { LinkRefusal, NodeIdentity } from "../link/setup.ts";
import { encodeCheck } from "./cluster-frames.ts";
import { CHECK_TIMEOUT_MS, DECISIONS_PER_NAME_MAX } from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import { namesakeText, placeText } from "./namesakes.ts";
import type { Roster } from "./roster.ts";

export interface ArbiterOptions {
  readonly identity: NodeIdentity;
  readonly advertise: Address | undefined;
  readonly nodesMax: number;
  /** By instance. */
  readonly links: ReadonlyMap<string, LiveLink>;
  readonly roster: Roster;
  readonly clock: Clock;
}

/** Another node of the name that somebody wants a link by. */
interface Rival {
  readonly identity: NodeIdentity;
  /** Fit for a text. */
  readonly place: string;
}

interface Newcomer {
  readonly attempt: LinkAttempt;
  readonly peer: NodeIdentity;
}

interface Wait {
  readonly instance: string;
  readonly end: (isGone: boolean) => void;
}

/** Decides whether a node that has proved itself gets its link. [MESH-2.2], [MESH-2.4] */
export class Arbiter {
  readonly #options: ArbiterOptions;
  /** Those let through whose outcome is not told yet; the connector bounds them. */
  readonly #coming = new Map<LinkAttempt, NodeIdentity>();
  /** Those that are being judged; one whose outcome is told meanwhile is no longer among them. */
  readonly #judging = new Set<LinkAttempt>();
  /** Names that are being judged, with the last judgement and how many there are. */
  readonly #turns = new Map<string, { last: Promise<void>; count: number }>();
  readonly #waits = new Set<Wait>();

  constructor(options: ArbiterOptions) {
    this.#options = options;
  }

  decide(
    attempt: LinkAttempt,
    peer: NodeIdentity,
  ): LinkRefusal | undefined | Promise<LinkRefusal | undefined> {
    const newcomer = { attempt, peer };
    if (!this.#turns.has(peer.name)) {
      const refusal = this.#objection(newcomer);
      if (refusal !== undefined) return refusal;
      const isNew = !this.#options.links.has(peer.instance) && this.#rivals(newcomer).length === 0;
      if (isNew) return this.#letThrough(newcomer);
    }
    return this.#inTurn(newcomer);
  }

  /** The outcome of an attempt was told. */
  conclude(attempt: LinkAttempt): void {
    this.#coming.delete(attempt);
    this.#judging.delete(attempt);
  }

  /** To be called whenever a node is no longer linked or listed as it was. */
  onChange(): void {
    for (const wait of this.#waits) {
      if (!this.#isListed(wait.instance)) wait.end(true);
    }
  }

  /** All that it waits for is as good as over. */
  stop(): void {
    for (const wait of this.#waits) wait.end(false);
  }

  /** Whether nobody reaches the node any more; makes sure of it. [MESH-2.4], [MESH-2.7] */
  async isGone(instance: string): Promise<boolean> {
    const { links, roster } = this.#options;
    const own = links.get(instance);
    for (const lister of roster.listersOf(instance)) lister.link.sendControl(encodeCheck(instance));
    const [isAnswering, isUnlisted] = await Promise.all([
      own?.isAnswering() ?? false,
      this.#untilUnlisted(instance),
    ]);
    return !isAnswering && isUnlisted;
  }

  #objection({ attempt, peer }: Newcomer): LinkRefusal | undefined {
    const { identity, advertise, nodesMax, links } = this.#options;
    if (peer.name === identity.name) {
      return namesake(peer.name, placeText(advertise, "this node"), placeText(attempt.address));
    }
    const own = links.get(peer.instance);
    if (own !== undefined && own.peer.name !== peer.name) {
      const text = `the instance of "${peer.name}" is that of "${own.peer.name}", which is linked; restart one of them`;
      return { code: "duplicate_name", text };
    }
    if (own !== undefined && own.peer.incarnation !== peer.incarnation) {
      const text = `the instance of "${peer.name}" has been there with another incarnation; restart it`;
      return { code: "duplicate_name", text };
    }
    if (identity.name < peer.name) {
      // [MESH-2.2]
      const isTaken = own !== undefined || this.#isComing(peer.instance);
      if (isTaken) {
        // Whoever asks for another link may have lost this one.
        own?.check();
        return duplicate(peer.name);
      }
    }
    if (own === undefined && links.size + this.#coming.size >= nodesMax) {
      const text = `"${identity.name}" has links with ${nodesMax} nodes, as many as mesh_nodes_max allows`;
      return { code: "too_many_nodes", text };
    }
    return undefined;
  }

  #inTurn(newcomer: Newcomer): LinkRefusal | Promise<LinkRefusal | undefined> {
    const { attempt, peer } = newcomer;
    const turn = this.#turns.get(peer.name) ?? { last: Promise.resolve(), count: 0 };
    if (turn.count >= DECISIONS_PER_NAME_MAX) {
      const text = `too many nodes ask for a link by the name "${peer.name}" at once`;
      return { code: "duplicate_name", text };
    }
    this.#turns.set(peer.name, turn);
    this.#judging.add(attempt);
    turn.count += 1;
    const judged = turn.last.then(() => this.#judge(newcomer));
    const end = (): void => {
      this.#judging.delete(attempt);
      turn.count -= 1;
      if (turn.count === 0) this.#turns.delete(peer.name);
    };
    turn.last = judged.then(end, end);
    return judged;
  }

  async #judge(newcomer: Newcomer): Promise<LinkRefusal | undefined> {
    const { attempt, peer } = newcomer;
    const refusal = this.#objection(newcomer);
    if (refusal !== undefined) return refusal;
    const own = this.#options.links.get(peer.instance);
    // The arbiter would not have made another link if it still had this one; but is it the arbiter that asks?
    if (own !== undefined && (await own.isStillThere())) return duplicate(peer.name);
    const rivals = this.#rivals(newcomer);
    const stronger = rivals.find(({ identity }) => identity.incarnation > peer.incarnation);
    if (stronger !== undefined) return namesakeOf(newcomer, stronger);
    await Promise.all(rivals.map(({ identity }) => this.isGone(identity.instance)));
    // Whoever was gone is known no more; and others may have come meanwhile.
    const [left] = this.#rivals(newcomer);
    if (left !== undefined) return namesakeOf(newcomer, left);
    return this.#objection(newcomer) ?? this.#letThrough(newcomer, this.#judging.has(attempt));
  }

  #letThrough({ attempt, peer }: Newcomer, isWaiting = true): undefined {
    // Else its outcome was told while it was judged, and will not be told again.
    if (isWaiting) this.#coming.set(attempt, peer);
    return undefined;
  }

  #isComing(instance: string): boolean {
    return [...this.#coming.values()].some((peer) => peer.instance === instance);
  }

  /** Known nodes of the same name, but another instance. [MESH-2.4] */
  #rivals({ attempt, peer: { name, instance } }: Newcomer): Rival[] {
    const { links, roster } = this.#options;
    const rivals = new Map<string, Rival>();
    const note = (identity: NodeIdentity, place: string): void => {
      const isRival = identity.name === name && identity.instance !== instance;
      if (isRival) rivals.set(identity.instance, { identity, place });
    };
    for (const { identity } of roster.entries()) {
      if (!roster.hasDeparted(identity.instance)) {
        const [address] = roster.addressesOf(identity.instance);
        note(identity, placeText(address));
      }
    }
    for (const { peer, address } of links.values()) {
      // Who has dialled is found where it listens, not where the connection happens to come from.
      note(peer, placeText(peer.advertise ?? address));
    }
    for (const [other, peer] of this.#coming) {
      if (other !== attempt) note(peer, placeText(other.address));
    }
    return [...rivals.values()];
  }

  #isListed(instance: string): boolean {
    return this.#options.roster.get(instance) !== undefined;
  }

  async #untilUnlisted(instance: string): Promise<boolean> {
    if (!this.#isListed(instance)) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wait: Wait = { instance, end: resolve };
    this.#waits.add(wait);
    const cancel = this.#options.clock.after(CHECK_TIMEOUT_MS, () => resolve(false));
    try {
      return await promise;
    } finally {
      cancel();
      this.#waits.delete(wait);
    }
  }
}

function namesake(name: string, one: string, other: string): LinkRefusal {
  return { code: "duplicate_name", text: namesakeText(name, one, other) };
}

function duplicate(name: string): LinkRefusal {
  return { code: "duplicate_link", text: `there is a link with "${name}" already` };
}

function namesakeOf({ attempt, peer }: Newcomer, rival: Rival): LinkRefusal {
  return namesake(peer.name, rival.place, placeText(attempt.address));
}
