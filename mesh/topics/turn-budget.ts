import { MESSAGES_PER_TURN, TURN_MS_MAX } from "./limits.ts";

/** How many messages a subscriber may still take in this turn of the event loop. */
export class TurnBudget {
  #left = 0;
  #untilLook = 0;
  #endsAtMs = 0;

  /** A turn begins, with so many messages waiting. */
  begin(waiting: number): void {
    this.#left = Math.max(waiting, MESSAGES_PER_TURN);
    this.#untilLook = MESSAGES_PER_TURN;
    this.#endsAtMs = performance.now() + TURN_MS_MAX;
  }

  /** Whether one more may be taken; counts it if so. */
  spend(): boolean {
    if (this.#left === 0) return false;
    if (this.#untilLook === 0 && !this.#look()) return false;
    this.#left -= 1;
    this.#untilLook -= 1;
    return true;
  }

  /** A look at the clock costs as much as a message. */
  #look(): boolean {
    if (performance.now() >= this.#endsAtMs) {
      this.#left = 0;
      return false;
    }
    this.#untilLook = MESSAGES_PER_TURN;
    return true;
  }
}
