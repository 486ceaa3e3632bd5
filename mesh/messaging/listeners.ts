import type { Registration } from "../../src/index.ts";
import { MeshError } from "../mesh-error.ts";
import { removable } from "../topics/removable.ts";
import { LISTENERS_MAX } from "./limits.ts";

/** Who is told of events. One that throws costs the others nothing. */
export class Listeners<Event> {
  readonly #onCallbackError: (error: unknown) => void;
  readonly #listeners = new Set<{ readonly callback: (event: Event) => void }>();

  constructor(onCallbackError: (error: unknown) => void) {
    this.#onCallbackError = onCallbackError;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** @throws {MeshError} `too_many_subscriptions` */
  add(callback: (event: Event) => void): Registration {
    if (this.#listeners.size >= LISTENERS_MAX) {
      const text = `${LISTENERS_MAX} callbacks listen already; remove some that are no longer needed`;
      throw new MeshError("too_many_subscriptions", text);
    }
    const listener = { callback };
    this.#listeners.add(listener);
    return removable(() => this.#listeners.delete(listener));
  }

  /** Whoever is added meanwhile is not told. */
  tell(event: Event): void {
    const listeners = [...this.#listeners];
    for (const listener of listeners) {
      // One of them may remove another.
      if (this.#listeners.has(listener)) this.#call(listener.callback, event);
    }
  }

  clear(): void {
    this.#listeners.clear();
  }

  #call(callback: (event: Event) => unknown, event: Event): void {
    try {
      const running = callback(event);
      // An async callback's rejection would end the process.
      if (running instanceof Promise) {
        running.catch((error: unknown) => this.#onCallbackError(error));
      }
    } catch (error) {
      this.#onCallbackError(error);
    }
  }
}
