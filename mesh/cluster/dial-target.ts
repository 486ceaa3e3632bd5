import { type Address, Backoff } from "../../src/index.ts";
import type { Cancel } from "../clock.ts";
import type { LinkAttempt } from "../link/peer-link.ts";
import { LONGEST_INTERVAL_MS } from "./limits.ts";

/** What is done about a target. */
export type DialState =
  /** Nothing, because there is a link. */
  | { readonly name: "content" }
  | {
      readonly name: "waiting";
      readonly untilMs: number;
      readonly cancel: Cancel;
      /** Whether there is a link by the word of the other side alone; so the end of any may be that of this one. */
      readonly isSatisfied: boolean;
    }
  /** Its time has come, but as many are being dialled as may be. */
  | { readonly name: "queued" }
  | { readonly name: "connecting"; readonly attempt: LinkAttempt; readonly abort: AbortController }
  | { readonly name: "dropped" };

const NEXT_STATES: Readonly<Record<DialState["name"], readonly DialState["name"][]>> = {
  content: ["content", "waiting", "dropped"],
  waiting: ["content", "waiting", "queued", "dropped"],
  queued: ["content", "waiting", "connecting", "dropped"],
  connecting: ["content", "waiting", "dropped"],
  dropped: [],
};

export interface DialError {
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A node that is to be dialled: a seed by its address, or a learned one by its instance. */
export class DialTarget {
  readonly kind: "seed" | "learned";
  readonly backoff: Backoff;
  /** Who is there, as far as it is known: nobody may have answered yet. */
  instance: string | undefined;
  /** Who it is by its own word, where it refused because there is a link; it was not proved. */
  claimed: string | undefined;
  /** Attempts one after the other that were refused so. */
  claims = 0;
  lastError: DialError | undefined;
  /** Whether it was this node itself that answered there last. */
  isSelf = false;
  readonly #addresses: () => readonly Address[];
  #dials = 0;
  #state: DialState = { name: "content" };

  constructor(options: {
    readonly kind: "seed" | "learned";
    readonly instance?: string;
    readonly addresses: () => readonly Address[];
    readonly random: () => number;
  }) {
    this.kind = options.kind;
    this.instance = options.instance;
    this.#addresses = options.addresses;
    this.backoff = new Backoff({ maxMs: LONGEST_INTERVAL_MS, random: options.random });
  }

  get state(): DialState {
    return this.#state;
  }

  get addresses(): readonly Address[] {
    return this.#addresses();
  }

  /** Where peers name several places for a node, each has its turn. */
  nextAddress(): Address | undefined {
    const addresses = this.addresses;
    const address = addresses[this.#dials % Math.max(1, addresses.length)];
    this.#dials += 1;
    return address;
  }

  enter(state: DialState): void {
    const before = this.#state;
    if (!NEXT_STATES[before.name].includes(state.name)) {
      throw new Error(`a target cannot go from ${before.name} to ${state.name}`);
    }
    this.#state = state;
    if (before.name === "waiting") before.cancel();
    if (before.name === "connecting" && state.name === "dropped") before.abort.abort();
  }
}
