import { Deadline } from "../deadline.ts";
import { LineSocket } from "../line-socket.ts";
import { shownText } from "../shown-text.ts";
import type { SendResult } from "../sink.ts";
import { FINISH_TIMEOUT_MS } from "../socket-limits.ts";
import { retryOf, type SocketSender } from "../socket-sender.ts";
import { SocketError } from "../socket-trouble.ts";
import type { TcpTarget } from "../tcp-target.ts";
import { Turns } from "../turns.ts";

/** `refused`, and why. */
const REFUSED = /^refused(?:[:\s]\s*(.*))?$/i;

export interface AnsweringSenderOptions {
  readonly target: TcpTarget;
  /** For one batch, the connection and the answer included. */
  readonly timeoutMs: number;
}

/** For receivers that answer each batch with a line: delivered is what they have said ok to. */
export class AnsweringSender implements SocketSender {
  readonly #options: AnsweringSenderOptions;
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  #socket: LineSocket | undefined;

  constructor(options: AnsweringSenderOptions) {
    this.#options = options;
  }

  async send(bytes: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    using deadline = new Deadline(this.#options.timeoutMs, signal, this.#closing.signal);
    return await this.#turns.run(() => this.#send(bytes, deadline.signal));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    using deadline = new Deadline(FINISH_TIMEOUT_MS);
    await this.#turns.run(async () => await this.#socket?.finish(deadline.signal));
  }

  async #send(bytes: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    try {
      const socket = await this.#connected(signal);
      await socket.write(bytes, signal);
      return this.#resultOf(await socket.answer(signal));
    } catch (error) {
      // The answer to this batch must not be taken for that to the next.
      this.#socket?.terminate();
      return retryOf(error);
    }
  }

  async #connected(signal: AbortSignal): Promise<LineSocket> {
    if (this.#socket?.isOpen === true) return this.#socket;
    const { target } = this.#options;
    using deadline = new Deadline(target.connectTimeoutMs, signal);
    this.#socket = await LineSocket.dial(target, deadline.signal);
    return this.#socket;
  }

  /** @throws {SocketError} for an answer of something else, such as a web server */
  #resultOf(answer: string): SendResult {
    if (answer.toLowerCase() === "ok") return { kind: "delivered" };
    const { where } = this.#options.target;
    const refused = REFUSED.exec(answer);
    if (refused !== null) {
      return { kind: "refused", text: `${where} refused it: ${shownText(refused[1] ?? "")}` };
    }
    throw new SocketError(
      `${where} answered neither ok nor refused but ${shownText(answer)}; is it the right port?`,
    );
  }
}
