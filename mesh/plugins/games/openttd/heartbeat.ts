import type { Cancel, Clock } from "../../../index.ts";
import type { OpenttdLimits } from "./limits.ts";

export interface HeartbeatOptions {
  readonly limits: OpenttdLimits;
  readonly clock: Clock;
  readonly sendPing: (serial: number) => void;
  /** The server took longer than it may. */
  readonly onLate: (text: string) => void;
}

/** The one time limit that runs at any time: to join, for a ping to be answered, or until the next ping. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** Of the ping that was sent last; none has the number 0. */
  #serial = 0;
  #cancel: Cancel = () => undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Gives the server time until the first ping is answered. */
  start(): void {
    this.#limitTime(this.#options.limits.joinTimeoutMs, "did not let this client in");
  }

  /** Answers whether it is the answer to the last ping; if so, the next follows in time. */
  onPong(serial: number): boolean {
    if (serial !== this.#serial) return false;
    this.#cancel();
    this.#cancel = this.#options.clock.after(this.#options.limits.pingIntervalMs, () => {
      this.#limitTime(this.#options.limits.pingTimeoutMs, "did not answer a ping");
      this.ping();
    });
    return true;
  }

  ping(): void {
    this.#serial = (this.#serial + 1) >>> 0;
    this.#options.sendPing(this.#serial);
  }

  stop(): void {
    this.#cancel();
  }

  #limitTime(timeoutMs: number, what: string): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(timeoutMs, () => {
      this.#options.onLate(
        `${what} within ${timeoutMs} ms; does it hang, or is this not its admin port?`,
      );
    });
  }
}
