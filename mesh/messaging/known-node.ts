import type { RemoteNode } from "../cluster/remote-node.ts";
import { InterestSet } from "../topics/interest-set.ts";
import type { Peer, PresenceState } from "./messenger.ts";
import { NOTHING_SAID } from "./presence-state.ts";
import { RemoteCalls } from "./remote-calls.ts";

/** What a node offers and says of itself. */
export interface Said {
  readonly offers: Set<string>;
  presence: PresenceState;
}

/** What a node says after it has opened a way, until it is ready. [MESH-6.1] */
export interface Saying extends Said {
  readonly wants: InterestSet<undefined>;
}

/**
 * | state | it means |
 * |---|---|
 * | `new` | it has not said yet what it wants, offers and says of itself |
 * | `up` | it has |
 * | `down` | nothing reaches it any more |
 */
export type KnownState = "new" | "up" | "down";

const NEXT_STATES: Readonly<Record<KnownState, readonly KnownState[]>> = {
  new: ["up", "down"],
  up: ["down"],
  down: [],
};

/** Another node, and what is known of it. What it wants is with that of all others, for the search by topic. */
export class KnownNode {
  readonly node: RemoteNode;
  readonly calls: RemoteCalls;
  said: Said = { offers: new Set(), presence: NOTHING_SAID };
  #saying: Saying | undefined;
  #state: KnownState = "new";
  #isOpen = false;

  constructor(node: RemoteNode) {
    this.node = node;
    this.calls = new RemoteCalls(node);
  }

  get name(): string {
    return this.node.name;
  }

  get state(): KnownState {
    return this.#state;
  }

  /** Whether it takes what is sent: a way was opened, by which it was told of this node. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What it has said so far since it opened a way, if it is not ready. */
  get saying(): Saying | undefined {
    return this.#saying;
  }

  open(): void {
    if (this.#state !== "down") this.#isOpen = true;
  }

  beginSaying(): void {
    this.#saying = { wants: new InterestSet(), offers: new Set(), presence: NOTHING_SAID };
  }

  /** It has said all; answers what it wants. */
  ready({ wants, offers, presence }: Saying): InterestSet<undefined> {
    this.said = { offers, presence };
    this.#saying = undefined;
    if (this.#state === "new") this.#enter("up");
    return wants;
  }

  down(): void {
    this.#saying = undefined;
    this.#isOpen = false;
    this.#enter("down");
  }

  /** As it is now. */
  peer(): Peer {
    const { name, instance, incarnation, via, rttMs } = this.node;
    return { name, instance, incarnation, via, rttMs };
  }

  #enter(state: KnownState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a node that is ${this.#state} cannot become ${state}`);
    }
    this.#state = state;
  }
}
