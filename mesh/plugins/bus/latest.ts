import { WATCHED_NODES_MAX } from "./limits.ts";
import type { Outlet, Told } from "./outlet.ts";

/** News of nodes for an application that may be behind: of each node the last counts. [BUS-4.3] */
export class Latest {
  readonly #outlet: Outlet;
  readonly #waiting = new Map<string, Told>();
  #isSending = false;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  tell(node: string, told: Told): void {
    // In the order of the last ones, not of the first.
    this.#waiting.delete(node);
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined && this.#waiting.size >= WATCHED_NODES_MAX) {
      this.#waiting.delete(oldest);
    }
    this.#waiting.set(node, told);
    if (!this.#isSending) void this.#sendAll();
  }

  close(): void {
    this.#waiting.clear();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.size > 0) await this.#outlet.whenRoom(() => this.#sendFirst());
    this.#isSending = false;
  }

  #sendFirst(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next[0]);
    this.#outlet.send(next[1]);
  }
}
