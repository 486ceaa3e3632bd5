import type { Communication, CommunicationLink } from "./communication.ts";
import { CcpError } from "./errors.ts";
import { toData } from "./frame-encoder.ts";
import { isPromiseLike } from "./promise-like.ts";
import { ServerCode } from "./protocol.ts";
import type { ReceiverUser, RequestEntry } from "./receivers.ts";
import { type PendingReply, ReplyQueue } from "./reply-queue.ts";

/**
 * | state | it means |
 * |---|---|
 * | `open` | requests are taken |
 * | `draining` | no more are taken; once those in flight are answered, the endpoint ends it |
 * | `finishing` | the client will send no more; once those in flight are answered, it is closed |
 * | `over` | nothing is answered any more |
 */
type State = "open" | "draining" | "finishing" | "over";

/** A request-based communication: each message is answered by the callback, in order. [CCP-4] */
export class RequestCommunication implements Communication, ReceiverUser {
  readonly #link: CommunicationLink;
  #entry: RequestEntry;
  /** What is in flight; `undefined` as long as every callback has answered at once. */
  #replies: ReplyQueue | undefined;
  #state: State = "open";

  constructor(link: CommunicationLink, entry: RequestEntry) {
    this.#link = link;
    this.#entry = entry;
  }

  get receiver(): RequestEntry {
    return this.#entry;
  }

  get heldBytes(): number {
    return this.#replies?.heldBytes ?? 0;
  }

  get yieldsAfterMs(): number | undefined {
    return this.#replies === undefined ? this.#link.host.limits.idleEvictionMs : undefined;
  }

  onData(data: Buffer): void {
    if (this.#entry.removed) {
      // A plugin that was reloaded meanwhile answers as if nothing had happened. [CCP-4.4]
      const entry = this.#link.host.registry.request(this.#entry.name);
      if (entry === undefined) {
        this.#nobodyHome();
        return;
      }
      this.#entry = entry;
    }
    let answer: unknown;
    try {
      answer = this.#entry.receiver(this.#link.address, data);
    } catch (error) {
      this.#fail(error);
      return;
    }
    // The callback may have ended the communication, by unloading its plugin for example.
    if (this.#isOver()) ignore(answer);
    else if (this.#replies !== undefined || isPromiseLike(answer)) this.#answerLater(answer, data);
    else this.#answerNow(answer);
    if (this.mustWait()) this.#link.pauseReading();
  }

  onInputEnd(): void {
    if (this.#replies === undefined) {
      this.#link.close();
      return;
    }
    // Who sends requests and ends at once still gets the answers. [CCP-4.5]
    this.#state = "finishing";
    this.#link.pauseReading();
  }

  onOver(): void {
    this.#state = "over";
    this.#dropReplies();
  }

  mustWait(): boolean {
    if (this.#state !== "open" || !this.#link.hasRoom) return true;
    const replies = this.#replies;
    if (replies === undefined) return false;
    const { requestsInFlightMax, requestBytesInFlightMax } = this.#link.host.limits;
    return replies.size >= requestsInFlightMax || replies.requestBytes >= requestBytesInFlightMax;
  }

  onTick(nowMs: number, lastActiveMs: number): void {
    const { host, address } = this.#link;
    const { limits } = host;
    const oldestMs = this.#replies?.oldestSinceMs;
    if (oldestMs !== undefined) {
      if (nowMs - oldestMs < limits.callbackTimeoutMs) return;
      host.onRefused("callback_timeout", address);
      const text = `the callback did not answer within ${limits.callbackTimeoutMs} ms`;
      this.#fail(new CcpError("request_timeout", text));
    } else if (limits.idleTimeoutMs > 0 && nowMs - lastActiveMs >= limits.idleTimeoutMs) {
      host.onRefused("idle_timeout", address);
      this.#link.over(ServerCode.end, "stopped");
    }
  }

  drain(): void {
    if (this.#state !== "open") return;
    this.#state = "draining";
    this.#link.pauseReading();
    this.#afterReply();
  }

  /** The plugin was unloaded while it had requests to answer. */
  onRemoved(): void {
    this.#nobodyHome();
  }

  #answerNow(answer: unknown): void {
    let reply: Uint8Array;
    try {
      reply = toData(answer);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#link.send(ServerCode.data, reply);
    this.#checkQueue();
  }

  #answerLater(answer: unknown, data: Buffer): void {
    if (this.#replies === undefined) {
      this.#replies = new ReplyQueue();
      this.#entry.users.add(this);
    }
    const replies = this.#replies;
    const pending = replies.reserve(data, this.#link.host.now());
    if (isPromiseLike(answer)) {
      Promise.resolve(answer).then(
        (reply: unknown) => this.#settle(replies, pending, reply),
        (error: unknown) => {
          if (this.#replies === replies) this.#fail(error);
        },
      );
      this.#holdBytes();
    } else if (this.#holdBytes()) {
      this.#settle(replies, pending, answer);
    }
  }

  #settle(replies: ReplyQueue, pending: PendingReply, answer: unknown): void {
    if (this.#replies !== replies) return; // The communication was over before this answer.
    let reply: Uint8Array;
    try {
      reply = toData(answer);
    } catch (error) {
      this.#fail(error);
      return;
    }
    replies.settle(pending, reply, (due) => this.#link.send(ServerCode.data, due));
    if (!this.#checkQueue() || !this.#holdBytes()) return;
    if (replies.size === 0) this.#dropReplies();
    this.#afterReply();
  }

  #checkQueue(): boolean {
    const waitingBytes = this.#link.queuedBytes + (this.#replies?.replyBytes ?? 0);
    if (waitingBytes <= this.#link.host.limits.sendQueueBytesMax) return true;
    this.#link.abort("send_queue_full");
    return false;
  }

  /** Brings the shared budget up to date with what is in flight; `false` if it has no room. */
  #holdBytes(): boolean {
    const replies = this.#replies;
    if (replies === undefined) return true;
    const { budget } = this.#link.host;
    const bytes = replies.requestBytes + replies.replyBytes;
    if (bytes < replies.heldBytes) budget.give(replies.heldBytes - bytes);
    else {
      while (!budget.take(bytes - replies.heldBytes)) {
        if (!this.#link.makeRoom()) return false;
      }
    }
    replies.heldBytes = bytes;
    return true;
  }

  #afterReply(): void {
    if (this.#replies !== undefined || this.#state === "open") this.#link.readOn();
    else if (this.#state === "finishing") this.#link.close();
    else if (this.#state === "draining") this.#link.over(ServerCode.end, "stopped");
  }

  #dropReplies(): void {
    this.#link.host.budget.give(this.heldBytes);
    this.#replies = undefined;
    this.#entry.users.delete(this);
  }

  #nobodyHome(): void {
    this.#link.host.counters.nobodyHome += 1;
    this.#link.over(ServerCode.nobodyHome, "unloaded");
  }

  #fail(error: unknown): void {
    if (this.#state === "over") return;
    const { host, address } = this.#link;
    host.counters.receiverErrors += 1;
    host.onReceiverError(error, { name: this.#entry.name, owner: this.#entry.owner, address });
    this.#link.over(ServerCode.communicationError, "failed");
  }

  // A method, because the compiler does not expect the callback to have changed the state.
  #isOver(): boolean {
    return this.#state === "over";
  }
}

/** A rejection that nobody waits for must not end the program. */
function ignore(answer: unknown): void {
  if (isPromiseLike(answer)) Promise.resolve(answer).catch(() => {});
}
