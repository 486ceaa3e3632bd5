import { MeshError } from "../mesh-error.ts";
import { type Audience, distinctAudienceOf, type Listener } from "./audience.ts";
import { type Interest, interestKey } from "./interest.ts";
import { DEFAULT_REMOTE_INTEREST_LIMITS, type RemoteInterestLimits } from "./limits.ts";
import { PatternIndex } from "./pattern-index.ts";
import type { Removable } from "./removable.ts";
import { assertGroup, assertPattern } from "./topic.ts";

/**
 * What came of what a peer wants.
 *
 * | answer | it means |
 * |---|---|
 * | `ok` | it is noted |
 * | `invalid` | a pattern or a group is not written as it must be; nothing was changed |
 * | `too_many` | the peer would want more than one peer may; nothing was changed |
 */
export type InterestAnswer = "ok" | "invalid" | "too_many";

interface Noted {
  readonly interest: Interest;
  readonly entry: Removable;
}

/** What each peer wants. As many peers as there are links, whose owner bounds and forgets them. */
export class RemoteInterest<Peer> {
  readonly #interestsPerPeerMax: number;
  readonly #index: PatternIndex<Listener<Peer>, Audience<Peer>>;
  readonly #peers = new Map<Peer, Map<string, Noted>>();

  constructor(limits: Readonly<Partial<RemoteInterestLimits>> = {}) {
    const { interestsPerPeerMax, cachedTopicsMax } = {
      ...DEFAULT_REMOTE_INTEREST_LIMITS,
      ...limits,
    };
    this.#interestsPerPeerMax = interestsPerPeerMax;
    this.#index = new PatternIndex({ arrange: distinctAudienceOf, cachedTopicsMax });
  }

  /** The peer wants exactly this from now on. The same thing twice counts once. */
  set(peer: Peer, interests: Iterable<Interest>): InterestAnswer {
    const wanted = new Map<string, Interest>();
    for (const interest of interests) {
      if (!isValid(interest)) return "invalid";
      wanted.set(interestKey(interest), interest);
      if (wanted.size > this.#interestsPerPeerMax) return "too_many";
    }
    const noted = this.#notedOf(peer);
    for (const [key, { entry }] of noted) {
      if (wanted.has(key)) continue;
      noted.delete(key);
      entry.remove();
    }
    for (const [key, interest] of wanted) this.#note(peer, { key, interest });
    return "ok";
  }

  /** The peer wants this, too. */
  add(peer: Peer, interest: Interest): InterestAnswer {
    if (!isValid(interest)) return "invalid";
    const key = interestKey(interest);
    const noted = this.#peers.get(peer);
    if (noted?.has(key) === true) return "ok";
    if ((noted?.size ?? 0) >= this.#interestsPerPeerMax) return "too_many";
    this.#note(peer, { key, interest });
    return "ok";
  }

  /** The peer wants this no more. Does nothing if it never did. */
  remove(peer: Peer, interest: Interest): void {
    const noted = this.#peers.get(peer);
    const key = interestKey(interest);
    noted?.get(key)?.entry.remove();
    noted?.delete(key);
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    for (const { entry } of this.#peers.get(peer)?.values() ?? []) entry.remove();
    this.#peers.delete(peer);
  }

  list(peer: Peer): Interest[] {
    return [...(this.#peers.get(peer)?.values() ?? [])].map(({ interest }) => interest);
  }

  /**
   * The peers that want a message on this topic, each once whatever the number of its patterns that
   * match, and for each group that wants it the peers with members.
   *
   * @throws {MeshError} `invalid_topic`
   */
  wanted(topic: string): Audience<Peer> {
    return this.#index.find(topic);
  }

  #notedOf(peer: Peer): Map<string, Noted> {
    const noted = this.#peers.get(peer) ?? new Map<string, Noted>();
    this.#peers.set(peer, noted);
    return noted;
  }

  #note(
    peer: Peer,
    { key, interest }: { readonly key: string; readonly interest: Interest },
  ): void {
    const noted = this.#notedOf(peer);
    if (noted.has(key)) return;
    const { pattern, group } = interest;
    const entry = this.#index.add(pattern, { member: peer, group });
    noted.set(key, { interest: { pattern, group }, entry });
  }
}

function isValid({ pattern, group }: Interest): boolean {
  try {
    assertPattern(pattern);
    if (group !== undefined) assertGroup(group);
    return true;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}
