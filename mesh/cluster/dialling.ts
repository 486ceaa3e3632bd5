import type { Address } from "../../src/index.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { AttemptFailure, LinkAttempt, LinkConnector } from "../link/peer-link.ts";
import type { NodeIdentity } from "../link/setup.ts";
import { DialTarget } from "./dial-target.ts";
import {
  CLAIM_HELD_MS,
  DIALS_AT_ONCE_MAX,
  LEARNED_DIALS_AT_ONCE_MAX,
  LEARNED_DIALS_MAX,
  LEARNED_DIALS_PER_SECOND,
  LONGEST_INTERVAL_MS,
  NON_ARBITER_DELAY_MS,
  SEEDS_MAX,
  STEADY_AFTER_MS,
  STOP_TIMEOUT_MS,
} from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import { addressKey, type Roster } from "./roster.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface DiallingOptions {
  readonly identity: NodeIdentity;
  /** Whether others can dial this node. */
  readonly isDialable: boolean;
  /** By instance. */
  readonly links: ReadonlyMap<string, LiveLink>;
  readonly roster: Roster;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Who is dialled, and when. [MESH-2.6] */
export class Dialling {
  readonly #options: DiallingOptions;
  /** By address. */
  readonly #seeds = new Map<string, DialTarget>();
  /** By instance; as many as the roster lists at most. */
  readonly #learned = new Map<string, DialTarget>();
  readonly #queue = new Set<DialTarget>();
  readonly #attempts = new Map<LinkAttempt, DialTarget>();
  /** What peers name may be anybody's address. */
  readonly #learnedDials: TokenBucket;
  #cancelWait: Cancel | undefined;
  #connector: LinkConnector | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: DiallingOptions) {
    this.#options = options;
    this.#learnedDials = new TokenBucket({
      max: LEARNED_DIALS_MAX,
      perSecond: LEARNED_DIALS_PER_SECOND,
      now: () => options.clock.now(),
    });
  }

  start(connector: LinkConnector): void {
    this.#connector = connector;
    this.#dialQueued();
  }

  /** Resolves when the outcome of every attempt has been told, or is not waited for any longer. */
  async stop(): Promise<void> {
    this.#connector = undefined;
    this.#cancelWait?.();
    for (const target of this.targets()) this.#drop(target);
    this.#seeds.clear();
    this.#learned.clear();
    if (this.#attempts.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, resolve);
    await promise;
    cancel();
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
    for (const { identity } of this.#options.roster.entries()) this.reconsider(identity.instance);
  }

  /** To be called when a node is listed otherwise than before, or by nobody. */
  reconsider(instance: string): void {
    const seeds = [...this.#seeds].filter(([key, seed]) => this.#isSeedOf(seed, key, instance));
    const learned = this.#learned.get(instance);
    if (!this.#isToBeDialled(instance) || seeds.length > 0) {
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
    for (const [key, seed] of this.#seeds) {
      const isIt = this.#isSeedOf(seed, key, instance) && seed.state.name === "waiting";
      if (isIt && this.#isToBeDialled(instance)) this.#schedule(seed, this.#handicapMs(instance));
    }
  }

  /** The other side of an attempt has proved who it is. */
  onIdentified(attempt: LinkAttempt, { instance }: NodeIdentity): void {
    const target = this.#attempts.get(attempt);
    if (target?.kind !== "seed") return;
    target.instance = instance;
    target.claimed = undefined;
  }

  onLinkUp(live: LiveLink, attempt: LinkAttempt): void {
    const dialled = this.#attempts.get(attempt);
    this.#conclude(attempt);
    for (const [key, seed] of this.#seeds) matchSeed(seed, key, live);
    // Somebody else was there.
    if (dialled?.state.name === "connecting") this.#schedule(dialled, dialled.backoff.next());
    for (const target of this.targets()) {
      // An attempt under way is left to the arbiter.
      if (target.state.name === "connecting") continue;
      if (target.instance === live.instance) this.#rest(target);
      // It was refused for the sake of this link while that was in the making.
      else if (target.claimed === live.instance) this.#satisfy(target);
    }
    this.#dialQueued();
  }

  /** To be called once the link is no longer among the links. */
  onLinkDown(live: LiveLink): void {
    const isSteady = this.#options.clock.now() - live.upSinceMs >= STEADY_AFTER_MS;
    for (const seed of this.#seeds.values()) {
      const { state } = seed;
      const isAtRest = state.name === "content" || (state.name === "waiting" && state.isSatisfied);
      if (!isAtRest || this.#isLinked(seed)) continue;
      const isIts = seed.instance === live.instance || seed.claimed === live.instance;
      if (isSteady && isIts) seed.backoff.reset();
      // Also one of which it is not known whose it is: it may have been this one's.
      this.#schedule(seed, seed.backoff.next());
    }
    const learned = this.#learned.get(live.instance);
    if (learned?.state.name === "content") {
      if (isSteady) learned.backoff.reset();
      this.#schedule(learned, learned.backoff.next() + this.#handicapMs(live.instance));
    }
  }

  onFailed(attempt: LinkAttempt, failure: AttemptFailure): DialTarget | undefined {
    const target = this.#attempts.get(attempt);
    this.#conclude(attempt);
    if (target?.state.name === "connecting") this.#afterFailure(target, failure);
    this.#dialQueued();
    return target;
  }

  #afterFailure(target: DialTarget, failure: AttemptFailure): void {
    const code = failure.kind === "refused" ? failure.code : undefined;
    target.isSelf = code === "self";
    target.claimed = failure.kind === "refused" ? failure.claimed : undefined;
    if (this.#isLinked(target)) {
      this.#rest(target);
    } else if (code === "self" || code === "other_cluster") {
      this.#schedule(target, LONGEST_INTERVAL_MS);
    } else if (target.kind === "seed" && this.#isClaimed(target)) {
      this.#satisfy(target);
    } else {
      this.#schedule(target, target.backoff.next());
    }
  }

  #learn(instance: string): void {
    const { roster, random, links } = this.#options;
    const addresses = (): readonly Address[] => roster.addressesOf(instance);
    const target = new DialTarget({ kind: "learned", instance, addresses, random });
    this.#learned.set(instance, target);
    if (!links.has(instance)) this.#schedule(target, this.#handicapMs(instance));
  }

  #isToBeDialled(instance: string): boolean {
    const { identity, links, roster } = this.#options;
    const entry = roster.get(instance);
    if (entry === undefined || entry.identity.name === identity.name) return false;
    if (roster.addressesOf(instance).length === 0) return false;
    // Of two nodes of one name, the one that has a link would be defended against the other.
    return ![...links.values()].some(
      ({ peer }) => peer.name === entry.identity.name && peer.instance !== instance,
    );
  }

  #isSeedOf(seed: DialTarget, key: string, instance: string): boolean {
    return seed.instance === instance || this.#options.roster.isPlaceOf(key, instance);
  }

  #isLinked({ instance }: DialTarget): boolean {
    return instance !== undefined && this.#options.links.has(instance);
  }

  /** [MESH-2.6]: the arbiter first, unless it cannot dial this node. */
  #handicapMs(instance: string): number {
    const { identity, isDialable, roster } = this.#options;
    const name = roster.get(instance)?.identity.name;
    const isArbiter = name === undefined || identity.name < name;
    return isArbiter || !isDialable ? 0 : NON_ARBITER_DELAY_MS;
  }

  /** Whether it says to be a node that has a link. */
  #isClaimed({ claimed }: DialTarget): boolean {
    return claimed !== undefined && this.#options.links.has(claimed);
  }

  /** [MESH-1.7]: content, but nobody has proved whose link it is. So it looks again now and then. */
  #satisfy(seed: DialTarget): void {
    this.#schedule(seed, CLAIM_HELD_MS, true);
  }

  #schedule(target: DialTarget, delayMs: number, isSatisfied = false): void {
    const { clock } = this.#options;
    this.#queue.delete(target);
    const cancel = clock.after(delayMs, () => {
      target.enter({ name: "queued" });
      this.#queue.add(target);
      this.#dialQueued();
    });
    target.enter({ name: "waiting", untilMs: clock.now() + delayMs, cancel, isSatisfied });
  }

  #rest(target: DialTarget): void {
    this.#queue.delete(target);
    target.enter({ name: "content" });
  }

  #drop(target: DialTarget): void {
    this.#queue.delete(target);
    target.enter({ name: "dropped" });
  }

  #dialQueued(): void {
    const queued = [...this.#queue];
    const seeds = queued.filter(({ kind }) => kind === "seed");
    for (const target of [...seeds, ...queued.filter(({ kind }) => kind === "learned")]) {
      if (this.#connector === undefined || this.#attempts.size >= DIALS_AT_ONCE_MAX) return;
      // What was dialled before may have brought this one to rest.
      if (!this.#queue.has(target)) continue;
      if (target.kind === "learned" && !this.#mayDialLearned(target)) return;
      this.#queue.delete(target);
      const address = target.nextAddress();
      if (this.#isLinked(target) || address === undefined) {
        this.#rest(target);
        continue;
      }
      const abort = new AbortController();
      const attempt = this.#connector.dial(address, abort.signal);
      this.#attempts.set(attempt, target);
      target.enter({ name: "connecting", attempt, abort });
    }
  }

  /** If it is too early, it is looked at again when it is not. */
  #mayDialLearned(target: DialTarget): boolean {
    if (this.#isLinked(target)) return true;
    const learned = [...this.#attempts.values()].filter(({ kind }) => kind === "learned");
    if (learned.length >= LEARNED_DIALS_AT_ONCE_MAX) return false;
    if (this.#learnedDials.take()) return true;
    this.#cancelWait?.();
    const { waitMs } = this.#learnedDials;
    this.#cancelWait = this.#options.clock.after(waitMs, () => this.#dialQueued());
    return false;
  }

  #conclude(attempt: LinkAttempt): void {
    const target = this.#attempts.get(attempt);
    this.#attempts.delete(attempt);
    if (target?.state.name === "connecting" && this.#isLinked(target)) this.#rest(target);
    if (this.#attempts.size === 0) this.#onIdle?.();
  }
}

/** Whether the link is with the node that the seed's address leads to. */
function matchSeed(seed: DialTarget, key: string, { link, peer, instance }: LiveLink): void {
  const { advertise } = peer;
  const isAdvertised = advertise !== undefined && addressKey(advertise) === key;
  const isDialled = link.direction === "dialled" && addressKey(link.address) === key;
  if (isAdvertised || isDialled) seed.instance = instance;
}
