import { MessageStream } from "./message-stream.ts";
import type { MessageSink, Subscription, SubscriptionOptions } from "./subscription.ts";

export interface CallbackSubscriptionOptions<Message> extends SubscriptionOptions {
  /** Called with one message after the other; the next waits until its promise resolves. */
  readonly callback: (message: Message) => void | Promise<void>;
  /** Told what the callback threw or rejected with; the subscription goes on. */
  readonly onCallbackError: (error: unknown) => void;
}

/** A subscription that calls back. */
export class CallbackSubscription<Message> implements Subscription, MessageSink<Message> {
  readonly #stream: MessageStream<Message>;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: CallbackSubscriptionOptions<Message>) {
    this.#stream = new MessageStream(options);
    void this.#run(options);
  }

  get pattern(): string {
    return this.#stream.pattern;
  }

  get group(): string | undefined {
    return this.#stream.group;
  }

  get pending(): number {
    return this.#stream.pending;
  }

  get pendingBytes(): number {
    return this.#stream.pendingBytes;
  }

  get dropped(): number {
    return this.#stream.dropped;
  }

  deliver(message: Message, bytes: number): number {
    return this.#stream.deliver(message, bytes);
  }

  unsubscribe(): void {
    this.#stream.unsubscribe();
    // A callback that never returns must not hold up whoever drained.
    this.#over.resolve();
  }

  /** As of any subscription, and the last callback has returned. */
  async drain(): Promise<void> {
    await this.#stream.drain();
    await this.#over.promise;
  }

  async #run({ callback, onCallbackError }: CallbackSubscriptionOptions<Message>): Promise<void> {
    for await (const message of this.#stream) {
      try {
        await callback(message);
      } catch (error) {
        report(onCallbackError, error);
      }
    }
    this.#over.resolve();
  }
}

function report(onCallbackError: (error: unknown) => void, error: unknown): void {
  try {
    onCallbackError(error);
  } catch {
    // There is nobody left to tell, and one failure more must not end the subscription.
  }
}
