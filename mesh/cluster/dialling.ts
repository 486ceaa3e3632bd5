import type { Address } from "../../src/index.ts";
import type { Clock } from "../clock.ts";
import type { AttemptFailure, LinkAttempt, LinkConnector } from "../link/peer-link.ts";
import type { NodeIdentity } from "../link/setup.ts";
import { DialQueue } from "./dial-queue.ts";
import { DialTarget } from "./dial-target.ts";
import {
  CLAIM_HELD_MS,
  LONGEST_INTERVAL_MS,
  NON_ARBITER_DELAY_MS,
  SEEDS_MAX,
  STEADY_AFTER_MS,
} from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import { addressKey, type Roster } from "./roster.ts";
import type { Whereabouts } from "./whereabouts.ts";

export interface DiallingOptions {
  readonly identity: NodeIdentity;
  /** Whether others can dial this node. */
  readonly isDialable: boolean;
  /** By instance. */
  readonly links: ReadonlyMap<string, LiveLink>;
  readonly roster: Pick<Roster, "isPlaceOf">;
  readonly whereabouts: Pick<Whereabouts, "get" | "entries" | "isListed">;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Who is dialled, and when. [MESH-2.6] */
export class Dialling {
  readonly #options: DiallingOptions;
  /** By address. */
  readonly #seeds = new Map<string, DialTarget>();
  /** By instance; as many as are listed or looked for at most. */
  readonly #learned = new Map<string, DialTarget>();
  readonly #queue: DialQueue;

  constructor(options: DiallingOptions) {
    this.#options = options;
    const { clock, whereabouts } = options;
    this.#queue = new DialQueue({
      clock,
      isLinked: (target) => this.#isLinked(target),
      isListed: (instance) => whereabouts.isListed(instance),
    });
  }

  start(connector: LinkConnector): void {
    this.#queue.start(connector);
  }

  /** Resolves when the outcome of every attempt has been told, or is not waited for any longer. */
  async stop(): Promise<void> {
    this.#queue.stop();
    for (const target of this.targets()) this.#drop(target);
    this.#seeds.clear();
    this.#learned.clear();
    await this.#queue.untilIdle();
  }

  targets(): DialTarget[] {
    return [...this.#seeds.values(), ...this.#learned.values()];
  }

  /** Those that are no longer among them are dialled no more. */
  setSeeds(addresses: readonly Address[]): void {
    const wanted = new Map(
      addresses.slice(0, SEEDS_MAX).map((address) => [addressKey(address), address]),
    );
    for (const [key, seed] of this.#seeds) {
      if (wanted.has(key)) continue;
      this.#seeds.delete(key);
      this.#drop(seed);
    }
    for (const [key, address] of wanted) {
      if (this.#seeds.has(key)) continue;
      const { random } = this.#options;
      const seed = new DialTarget({ kind: "seed", addresses: () => [address], random });
      this.#seeds.set(key, seed);
      for (const live of this.#options.links.values()) matchSeed(seed, key, live);
      if (!this.#isLinked(seed)) this.#schedule(seed, 0);
    }
    const { whereabouts } = this.#options;
    for (const { identity } of whereabouts.entries()) this.reconsider(identity.instance);
  }

  /** Whether it is one that nobody lists, and where it was there is by all that is known another that has a link. */
  isReplaced(instance: string): boolean {
    const learned = this.#learned.get(instance);
    return learned !== undefined && this.#isElsewhere(learned);
  }

  /** To be called when a node is listed otherwise than before, or by nobody, or was lost or forgotten. */
  reconsider(instance: string): void {
    const learned = this.#learned.get(instance);
    if (!this.#isToBeDialled(instance) || this.#seedsOf(instance).length > 0) {
      this.#learned.delete(instance);
      if (learned !== undefined) this.#drop(learned);
    } else if (learned === undefined) {
      this.#learn(instance);
    }
  }

  /** It is listed by somebody who did not before, and so may be dialled with a better hope. */
  onListed(instance: string): void {
    // In a cluster that comes up, each node is listed by all the others.
    if (this.#options.links.has(instance)) return;
    this.reconsider(instance);
    if (!this.#isToBeDialled(instance)) return;
    const learned = this.#learned.get(instance);
    const targets = [...this.#seedsOf(instance), ...(learned === undefined ? [] : [learned])];
    for (const target of targets) this.#hasten(target, this.#handicapMs(instance));
  }

  /** The other side of an attempt has proved who it is. */
  onIdentified(attempt: LinkAttempt, { instance }: NodeIdentity): void {
    const target = this.#queue.targetOf(attempt);
    if (target?.kind !== "seed") return;
    target.instance = instance;
    target.claimed = undefined;
  }

  onLinkUp(live: LiveLink, attempt: LinkAttempt): void {
    const dialled = this.#conclude(attempt);
    for (const [key, seed] of this.#seeds) matchSeed(seed, key, live);
    // Somebody else was there.
    if (dialled?.state.name === "connecting") this.#schedule(dialled, dialled.backoff.next());
    for (const target of this.targets()) {
      // An attempt under way is left to the arbiter.
      if (target.state.name === "connecting") continue;
      if (target.instance === live.instance) this.#rest(target);
      // It was refused for the sake of this link while that was in the making.
      else if (target.claimed === live.instance && this.#isElsewhere(target)) this.#satisfy(target);
    }
    this.#queue.dial();
  }

  /** To be called once the link is no longer among the links. */
  onLinkDown(live: LiveLink): void {
    const isSteady = this.#options.clock.now() - live.upSinceMs >= STEADY_AFTER_MS;
    for (const target of this.targets()) {
      const { kind, state, instance, claimed } = target;
      const isAtRest = state.name === "content" || (state.name === "waiting" && state.isSatisfied);
      if (!isAtRest || this.#isLinked(target)) continue;
      const isIts = instance === live.instance || claimed === live.instance;
      if (isSteady && isIts) target.backoff.reset();
      // Also one of which it is not known whose it is: it may have been this one's.
      const isLearned = kind === "learned" && instance !== undefined;
      const handicapMs = isLearned ? this.#handicapMs(instance) : 0;
      this.#schedule(target, target.backoff.next() + handicapMs);
    }
  }

  onFailed(attempt: LinkAttempt, failure: AttemptFailure): DialTarget | undefined {
    const target = this.#conclude(attempt);
    if (target?.state.name === "connecting") this.#afterFailure(target, failure);
    this.#queue.dial();
    return target;
  }

  #afterFailure(target: DialTarget, failure: AttemptFailure): void {
    const code = failure.kind === "refused" ? failure.code : undefined;
    target.isSelf = code === "self";
    target.claimed = failure.kind === "refused" ? failure.claimed : undefined;
    target.claims = target.claimed === undefined ? 0 : target.claims + 1;
    if (this.#isLinked(target)) {
      this.#rest(target);
    } else if (code === "self" || code === "other_cluster") {
      this.#schedule(target, LONGEST_INTERVAL_MS);
    } else if (this.#isElsewhere(target)) {
      this.#satisfy(target);
    } else {
      this.#schedule(target, target.backoff.next());
    }
  }

  #learn(instance: string): void {
    const { whereabouts, random, links } = this.#options;
    const addresses = (): readonly Address[] => whereabouts.get(instance)?.addresses ?? [];
    const target = new DialTarget({ kind: "learned", instance, addresses, random });
    this.#learned.set(instance, target);
    if (links.has(instance)) return;
    // Of a peer that was lost nobody says that it is there.
    const delayMs = whereabouts.isListed(instance) ? 0 : target.backoff.next();
    this.#schedule(target, delayMs + this.#handicapMs(instance));
  }

  #isToBeDialled(instance: string): boolean {
    const { identity, links, whereabouts } = this.#options;
    const known = whereabouts.get(instance);
    if (known === undefined || known.identity.name === identity.name) return false;
    if (known.addresses.length === 0) return false;
    // Of two nodes of one name, the one that has a link would be defended against the other.
    return ![...links.values()].some(
      ({ peer }) => peer.name === known.identity.name && peer.instance !== instance,
    );
  }

  #seedsOf(instance: string): DialTarget[] {
    const { roster } = this.#options;
    return [...this.#seeds]
      .filter(([key, seed]) => seed.instance === instance || roster.isPlaceOf(key, instance))
      .map(([, seed]) => seed);
  }

  #isLinked({ instance }: DialTarget): boolean {
    return instance !== undefined && this.#options.links.has(instance);
  }

  /** [MESH-2.6]: the arbiter first, unless it cannot dial this node. */
  #handicapMs(instance: string): number {
    const { identity, isDialable, whereabouts } = this.#options;
    const name = whereabouts.get(instance)?.identity.name;
    const isArbiter = name === undefined || identity.name < name;
    return isArbiter || !isDialable ? 0 : NON_ARBITER_DELAY_MS;
  }

  /**
   * Whether who answers, at each of its addresses, says to be a node that has a link. Of a node that somebody lists that
   * counts for nothing: its peer has proved where it is, and the word of who answers is not proved.
   */
  #isElsewhere({ kind, instance = "", addresses, claimed, claims }: DialTarget): boolean {
    const { links, whereabouts } = this.#options;
    if (kind === "learned" && whereabouts.isListed(instance)) return false;
    return claimed !== undefined && links.has(claimed) && claims >= addresses.length;
  }

  /** [MESH-1.7]: content, but nobody has proved whose link it is. So it looks again now and then. */
  #satisfy(target: DialTarget): void {
    this.#schedule(target, CLAIM_HELD_MS, true);
  }

  #hasten(target: DialTarget, delayMs: number): void {
    const { state } = target;
    const isLater = state.name === "waiting" && state.untilMs > this.#options.clock.now() + delayMs;
    if (isLater) this.#schedule(target, delayMs);
  }

  #schedule(target: DialTarget, delayMs: number, isSatisfied = false): void {
    const { clock } = this.#options;
    this.#queue.remove(target);
    const cancel = clock.after(delayMs, () => this.#queue.add(target));
    target.enter({ name: "waiting", untilMs: clock.now() + delayMs, cancel, isSatisfied });
  }

  #rest(target: DialTarget): void {
    this.#queue.remove(target);
    target.enter({ name: "content" });
  }

  #drop(target: DialTarget): void {
    this.#queue.remove(target);
    target.enter({ name: "dropped" });
  }

  #conclude(attempt: LinkAttempt): DialTarget | undefined {
    const target = this.#queue.conclude(attempt);
    if (target?.state.name === "connecting" && this.#isLinked(target)) this.#rest(target);
    return target;
  }
}

/** Whether the link is with the node that the seed's address leads to. */
function matchSeed(seed: DialTarget, key: string, { link, peer, instance }: LiveLink): void {
  const { advertise } = peer;
  const isAdvertised = advertise !== undefined && addressKey(advertise) === key;
  const isDialled = link.direction === "dialled" && addressKey(link.address) === key;
  if (isAdvertised || isDialled) seed.instance = instance;
}
