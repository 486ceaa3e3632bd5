import type { SessionEnd, SessionEvent, SessionEvents, SessionStart } from "./adapter.ts";

type TellerState = "connecting" | "up" | "over";

const NEXT_STATES: Readonly<Record<TellerState, readonly TellerState[]>> = {
  connecting: ["up", "over"],
  up: ["over"],
  over: [],
};

/** Keeps what {@link SessionEvents} promises: up once and first, over once and last, nothing after a close. */
export class SessionTeller {
  readonly #events: SessionEvents;
  #state: TellerState = "connecting";

  constructor(events: SessionEvents) {
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  up(start: SessionStart): void {
    if (this.#enter("up")) this.#events.onUp(start);
  }

  event(event: SessionEvent): void {
    if (this.isUp) this.#events.onEvent(event);
  }

  line(line: string, isUnderstood: boolean): void {
    if (this.#state === "over") return;
    if (isUnderstood) this.#events.onUnderstood(line);
    else this.#events.onNotUnderstood(line);
  }

  over(end: SessionEnd): void {
    if (this.#enter("over")) this.#events.onOver(end);
  }

  /** Its owner wants to hear nothing any more. */
  close(): void {
    this.#enter("over");
  }

  /** What comes too late, or twice, is not told. */
  #enter(state: TellerState): boolean {
    if (!NEXT_STATES[this.#state].includes(state)) return false;
    this.#state = state;
    return true;
  }
}
