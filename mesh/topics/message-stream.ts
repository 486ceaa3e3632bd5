import { subscriptionQueueLimits } from "./limits.ts";
import { MessageQueue, type Queueable } from "./message-queue.ts";
import type { MessageSink, Subscription, SubscriptionOptions } from "./subscription.ts";
import { TurnBudget } from "./turn-budget.ts";

/** Only ever onwards: open, maybe draining, ended. */
type State = "open" | "draining" | "ended";

/**
 * A subscription to iterate over.
 *
 * ```ts
 * for await (const message of node.subscribe("chat.>")) console.log(message);
 * ```
 *
 * Leaving the loop unsubscribes. Two loops at once share the messages between them.
 */
export class MessageStream<Message extends Queueable>
  implements Subscription, MessageSink<Message>, AsyncIterable<Message>
{
  readonly pattern: string;
  readonly group: string | undefined;
  readonly #schedule: (task: () => void) => void;
  readonly #onStopped: () => void;
  readonly #queue: MessageQueue<Message>;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: State = "open";
  #dropped = 0;
  readonly #budget = new TurnBudget();
  /** Shared by all that wait for the next turn. */
  #turn: PromiseWithResolvers<void> | undefined;
  #isTurnScheduled = false;

  /** @throws {CcpError} `invalid_option` for limits that are none */
  constructor({ pattern, group, limits, schedule, onStopped }: SubscriptionOptions) {
    this.pattern = pattern;
    this.group = group;
    this.#schedule = schedule;
    this.#onStopped = onStopped;
    this.#queue = new MessageQueue(subscriptionQueueLimits(limits));
  }

  get pending(): number {
    return this.#queue.size;
  }

  get pendingBytes(): number {
    return this.#queue.bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  deliver(message: Message, bytes: number): number {
    if (this.#state !== "open") return 0;
    const dropped = this.#queue.push(message, bytes);
    this.#dropped += dropped;
    if (this.#turn !== undefined) this.#scheduleTurn();
    return dropped;
  }

  unsubscribe(): void {
    const wasOpen = this.#state === "open";
    this.#queue.clear();
    this.#end();
    if (wasOpen) this.#onStopped();
  }

  async drain(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "draining";
      this.#endIfDrained();
      this.#onStopped();
    }
    await this.#ended.promise;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
    try {
      for (;;) {
        const taken = this.#take();
        if (taken !== undefined) yield taken;
        else if (this.#state === "ended") return;
        else await this.#nextTurn();
      }
    } finally {
      this.unsubscribe();
    }
  }

  #take(): Message | undefined {
    if (this.#queue.size === 0 || !this.#budget.spend()) return undefined;
    const taken = this.#queue.shift();
    this.#endIfDrained();
    return taken;
  }

  async #nextTurn(): Promise<void> {
    this.#turn ??= Promise.withResolvers();
    if (this.#queue.size > 0) this.#scheduleTurn();
    await this.#turn.promise;
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    this.#schedule(() => {
      this.#isTurnScheduled = false;
      this.#budget.begin(this.#queue.size);
      this.#wake();
    });
  }

  #wake(): void {
    this.#turn?.resolve();
    this.#turn = undefined;
  }

  #endIfDrained(): void {
    if (this.#state === "draining" && this.#queue.size === 0) this.#end();
  }

  #end(): void {
    this.#state = "ended";
    this.#ended.resolve();
    this.#wake();
  }
}
