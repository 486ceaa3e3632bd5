/** Subscriptions of a plugin: it holds one no longer than until it is over. */

import type { Registration } from "../src/index.ts";
import type { Message } from "./messaging/messenger.ts";
import type { MessageSubscription } from "./plugin.ts";
import type { PluginHoldings } from "./plugin-holdings.ts";
import type { Subscription } from "./topics/subscription.ts";

export class HeldSubscription<Inner extends Subscription = Subscription> implements Subscription {
  protected readonly inner: Inner;
  readonly #holding: Registration;

  constructor(inner: Inner, held: PluginHoldings) {
    this.inner = inner;
    this.#holding = held.keep({ remove: () => inner.unsubscribe() });
  }

  get pattern(): string {
    return this.inner.pattern;
  }

  get group(): string | undefined {
    return this.inner.group;
  }

  get pending(): number {
    return this.inner.pending;
  }

  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }

  get dropped(): number {
    return this.inner.dropped;
  }

  unsubscribe(): void {
    this.#holding.remove();
  }

  /** Held until what waits was delivered, so that an unload cuts it short. */
  async drain(): Promise<void> {
    await this.inner.drain();
    this.#holding.remove();
  }
}

export class HeldStream
  extends HeldSubscription<Subscription & AsyncIterable<Message>>
  implements MessageSubscription
{
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
    try {
      yield* this.inner;
    } finally {
      this.unsubscribe();
    }
  }
}
