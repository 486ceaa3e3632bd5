import { MeshError } from "../mesh-error.ts";
import { quoted } from "../printable.ts";
import { DEFAULT_INTEREST_LIMITS, type InterestLimits } from "./limits.ts";
import { type Removable, removable } from "./removable.ts";
import { hasWildcard } from "./topic.ts";

/** What a node tells its peers that it wants: messages that match, for itself or for its group. */
export interface Interest {
  readonly pattern: string;
  readonly group: string | undefined;
}

export interface InterestDelta extends Interest {
  readonly change: "add" | "remove";
}

/** The same for equal interests, and for no others: neither part contains white space. */
export function interestKey({ pattern, group = "" }: Interest): string {
  return `${pattern} ${group}`;
}

interface Counted {
  readonly interest: Interest;
  subscriptions: number;
}

/**
 * What this node wants, made of its subscriptions, whose table checks them: the same thing wanted by
 * many is told once.
 */
export class LocalInterest {
  readonly #onDelta: (delta: InterestDelta) => void;
  readonly #limits: InterestLimits;
  readonly #wanted = new Map<string, Counted>();
  #wildcards = 0;

  /** `onDelta` is told of the first subscription that wants a thing, and of the end of the last. */
  constructor(
    onDelta: (delta: InterestDelta) => void,
    limits: InterestLimits = DEFAULT_INTEREST_LIMITS,
  ) {
    this.#onDelta = onDelta;
    this.#limits = limits;
  }

  get size(): number {
    return this.#wanted.size;
  }

  /**
   * Counts one subscription, until it is removed.
   *
   * @throws {MeshError} `too_many_subscriptions` for what other nodes would refuse to note
   */
  add({ pattern, group }: Interest): Removable {
    const interest = { pattern, group };
    const key = interestKey(interest);
    const counted = this.#wanted.get(key) ?? this.#begin(key, interest);
    counted.subscriptions += 1;
    if (counted.subscriptions === 1) this.#onDelta({ change: "add", ...interest });
    return removable(() => this.#release(key, counted));
  }

  /** All that is wanted, for a new peer. */
  list(): Interest[] {
    return [...this.#wanted.values()].map(({ interest }) => interest);
  }

  #begin(key: string, interest: Interest): Counted {
    this.#assertRoom(interest);
    const counted = { interest, subscriptions: 0 };
    this.#wanted.set(key, counted);
    if (hasWildcard(interest.pattern)) this.#wildcards += 1;
    return counted;
  }

  /** [MESH-6.2] */
  #assertRoom({ pattern }: Interest): void {
    const { interestsMax, wildcardsMax } = this.#limits;
    const cannot = `cannot subscribe to ${quoted(pattern)}: this node is subscribed to`;
    if (this.#wanted.size >= interestsMax) {
      const text = `${cannot} ${interestsMax} different patterns and may be to no more; end some that are no longer needed`;
      throw new MeshError("too_many_subscriptions", text);
    }
    if (this.#wildcards >= wildcardsMax && hasWildcard(pattern)) {
      const text = `${cannot} ${wildcardsMax} different patterns with wildcards and may be to no more; let a wider one do for many`;
      throw new MeshError("too_many_subscriptions", text);
    }
  }

  #release(key: string, counted: Counted): void {
    counted.subscriptions -= 1;
    if (counted.subscriptions > 0) return;
    this.#wanted.delete(key);
    if (hasWildcard(counted.interest.pattern)) this.#wildcards -= 1;
    this.#onDelta({ change: "remove", ...counted.interest });
  }
}
