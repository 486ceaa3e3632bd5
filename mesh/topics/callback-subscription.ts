import { isPromiseLike } from "../../src/index.ts";
import { subscriptionQueueLimits } from "./limits.ts";
import { MessageQueue, type Queueable } from "./message-queue.ts";
import type { MessageSink, Subscription, SubscriptionOptions } from "./subscription.ts";
import { TurnBudget } from "./turn-budget.ts";

export interface CallbackSubscriptionOptions<Message extends Queueable>
  extends SubscriptionOptions {
  /** Called with one message after the other; the next waits until its promise resolves. */
  readonly callback: (message: Message) => void | Promise<void>;
  /** Told what the callback threw or rejected with; the subscription goes on. */
  readonly onCallbackError: (error: unknown) => void;
}

/** Only ever onwards: open, maybe draining, ended. */
type State = "open" | "draining" | "ended";

/**
 * A subscription that calls back. A callback that answers no promise costs no wait: what has come
 * together is handed to it in one loop.
 */
export class CallbackSubscription<Message extends Queueable>
  implements Subscription, MessageSink<Message>
{
  readonly pattern: string;
  readonly group: string | undefined;
  readonly #options: CallbackSubscriptionOptions<Message>;
  readonly #queue: MessageQueue<Message>;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #budget = new TurnBudget();
  #state: State = "open";
  #dropped = 0;
  /** Busy when a turn is scheduled or a promise awaited, which both see to what comes meanwhile. */
  #activity: "idle" | "busy" = "idle";

  /** @throws {CcpError} `invalid_option` for limits that are none */
  constructor(options: CallbackSubscriptionOptions<Message>) {
    this.pattern = options.pattern;
    this.group = options.group;
    this.#options = options;
    this.#queue = new MessageQueue(subscriptionQueueLimits(options.limits));
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
    if (this.#activity === "idle") this.#schedule();
    return dropped;
  }

  unsubscribe(): void {
    const wasOpen = this.#state === "open";
    this.#queue.clear();
    // A callback that never returns must not hold up whoever drained.
    this.#end();
    if (wasOpen) this.#options.onStopped();
  }

  /** As of any subscription, and the last callback has returned. */
  async drain(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "draining";
      if (this.#activity === "idle") this.#end();
      this.#options.onStopped();
    }
    await this.#over.promise;
  }

  #schedule(): void {
    this.#activity = "busy";
    this.#options.schedule(this.#beginTurn);
  }

  readonly #beginTurn = (): void => {
    this.#budget.begin(this.#queue.size);
    this.#take();
  };

  /** Takes what waits, as far as this turn allows. */
  #take(): void {
    while (this.#queue.size > 0 && this.#budget.spend()) {
      const message = this.#queue.shift();
      const running = message === undefined ? undefined : this.#call(message);
      if (running !== undefined) {
        void running.then(() => this.#take());
        return;
      }
    }
    if (this.#queue.size > 0) this.#schedule();
    else this.#rest();
  }

  #rest(): void {
    this.#activity = "idle";
    if (this.#state === "draining") this.#end();
  }

  #end(): void {
    this.#state = "ended";
    this.#over.resolve();
  }

  /** Answers a promise, which never rejects, if the callback has not done yet. */
  #call(message: Message): Promise<void> | undefined {
    try {
      const running: unknown = this.#options.callback(message);
      return isPromiseLike(running) ? this.#finish(running) : undefined;
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  async #finish(running: PromiseLike<unknown>): Promise<void> {
    try {
      await running;
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.#options.onCallbackError(error);
    } catch {
      // There is nobody left to tell, and one failure more must not end the subscription.
    }
  }
}
