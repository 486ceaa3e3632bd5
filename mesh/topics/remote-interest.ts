import { type Audience, distinctAudienceOf, type Listener } from "./audience.ts";
import type { Interest } from "./interest.ts";
import { type InterestAnswer, InterestSet } from "./interest-set.ts";
import { DEFAULT_REMOTE_INTEREST_LIMITS, type RemoteInterestLimits } from "./limits.ts";
import { PatternIndex } from "./pattern-index.ts";
import type { Removable } from "./removable.ts";

/** What each peer wants. As many peers as there are links, whose owner bounds and forgets them. */
export class RemoteInterest<Peer> {
  readonly #limits: RemoteInterestLimits;
  readonly #index: PatternIndex<Listener<Peer>, Audience<Peer>>;
  readonly #peers = new Map<Peer, InterestSet<Removable>>();

  constructor(limits: Readonly<Partial<RemoteInterestLimits>> = {}) {
    this.#limits = { ...DEFAULT_REMOTE_INTEREST_LIMITS, ...limits };
    const { cachedTopicsMax } = this.#limits;
    this.#index = new PatternIndex({ arrange: distinctAudienceOf, cachedTopicsMax });
  }

  /** Peers that want something. */
  get size(): number {
    return this.#peers.size;
  }

  /** The peer wants exactly this from now on. The same thing twice counts once. */
  set(peer: Peer, interests: Iterable<Interest>): InterestAnswer {
    const wanted = new InterestSet<undefined>(this.#limits);
    for (const interest of interests) {
      const answer = wanted.add(interest, () => undefined);
      if (answer !== "ok") return answer;
    }
    for (const interest of this.list(peer)) {
      if (!wanted.has(interest)) this.remove(peer, interest);
    }
    for (const interest of wanted.list()) this.add(peer, interest);
    return "ok";
  }

  /** The peer wants this, too. */
  add(peer: Peer, interest: Interest): InterestAnswer {
    const noted = this.#peers.get(peer) ?? new InterestSet<Removable>(this.#limits);
    const answer = noted.add(interest, ({ pattern, group }) =>
      this.#index.add(pattern, { member: peer, group }),
    );
    if (noted.size > 0) this.#peers.set(peer, noted);
    return answer;
  }

  /** The peer wants this no more. Does nothing if it never did. */
  remove(peer: Peer, interest: Interest): void {
    const noted = this.#peers.get(peer);
    noted?.remove(interest)?.remove();
    if (noted?.size === 0) this.#peers.delete(peer);
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    for (const interest of this.list(peer)) this.remove(peer, interest);
  }

  list(peer: Peer): Interest[] {
    return this.#peers.get(peer)?.list() ?? [];
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
}
