import { type Removable, removable } from "./removable.ts";

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
 * What this node wants, made of its subscriptions: the same thing wanted by many is told once.
 * Holds no more than there are subscriptions, whose table bounds and checks them.
 */
export class LocalInterest {
  readonly #onDelta: (delta: InterestDelta) => void;
  readonly #wanted = new Map<string, Counted>();

  /** `onDelta` is told of the first subscription that wants a thing, and of the end of the last. */
  constructor(onDelta: (delta: InterestDelta) => void) {
    this.#onDelta = onDelta;
  }

  /** Counts one subscription, until it is removed. */
  add({ pattern, group }: Interest): Removable {
    const interest = { pattern, group };
    const key = interestKey(interest);
    const counted = this.#wanted.get(key) ?? { interest, subscriptions: 0 };
    this.#wanted.set(key, counted);
    counted.subscriptions += 1;
    if (counted.subscriptions === 1) this.#onDelta({ change: "add", ...interest });
    return removable(() => this.#release(key, counted));
  }

  /** All that is wanted, for a new peer. */
  list(): Interest[] {
    return [...this.#wanted.values()].map(({ interest }) => interest);
  }

  #release(key: string, counted: Counted): void {
    counted.subscriptions -= 1;
    if (counted.subscriptions > 0) return;
    this.#wanted.delete(key);
    this.#onDelta({ change: "remove", ...counted.interest });
  }
}
