import { MeshError } from "../mesh-error.ts";
import { quoted } from "../printable.ts";
import { type Audience, audienceOf, type Listener } from "./audience.ts";
import { DEFAULT_SUBSCRIPTION_TABLE_LIMITS, type SubscriptionTableLimits } from "./limits.ts";
import { PatternIndex } from "./pattern-index.ts";
import { type Removable, removable } from "./removable.ts";
import { assertGroup, assertPattern } from "./topic.ts";

/** Who of this node subscribed to what. */
export class SubscriptionTable<Subscriber> {
  readonly #subscriptionsMax: number;
  readonly #index: PatternIndex<Listener<Subscriber>, Audience<Subscriber>>;
  #size = 0;

  constructor(limits: Readonly<Partial<SubscriptionTableLimits>> = {}) {
    const { subscriptionsMax, cachedTopicsMax } = {
      ...DEFAULT_SUBSCRIPTION_TABLE_LIMITS,
      ...limits,
    };
    this.#subscriptionsMax = subscriptionsMax;
    this.#index = new PatternIndex({ arrange: audienceOf, cachedTopicsMax });
  }

  /** Subscriptions held. */
  get size(): number {
    return this.#size;
  }

  /**
   * Each addition is a subscription of its own: a subscriber that was added by two patterns gets
   * a message that matches both twice.
   *
   * @throws {MeshError} `invalid_topic`, `too_many_subscriptions`
   */
  add(
    pattern: string,
    subscriber: Subscriber,
    { group }: { readonly group?: string | undefined } = {},
  ): Removable {
    assertPattern(pattern);
    if (group !== undefined) assertGroup(group);
    this.#assertRoom(pattern);
    const entry = this.#index.add(pattern, { member: subscriber, group });
    this.#size += 1;
    return removable(() => {
      this.#size -= 1;
      entry.remove();
    });
  }

  /**
   * The subscribers to a topic, in the order of their subscriptions. Groups of the same name are
   * one group, whatever the patterns of their members.
   *
   * @throws {MeshError} `invalid_topic`
   */
  match(topic: string): Audience<Subscriber> {
    return this.#index.find(topic);
  }

  #assertRoom(pattern: string): void {
    if (this.#size < this.#subscriptionsMax) return;
    throw new MeshError(
      "too_many_subscriptions",
      `cannot subscribe to ${quoted(pattern)}: this node holds ${this.#size} subscriptions and may ` +
        "hold no more; end some that are no longer needed, or let one with * or > do for many",
    );
  }
}
