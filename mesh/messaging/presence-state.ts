import { encode } from "../../src/index.ts";
import type { PresenceState } from "./messenger.ts";

export const NOTHING_SAID: PresenceState = Object.freeze({});

/** Whether a decoded value is a map, and no array, bytes or time. */
export function isState(value: unknown): value is PresenceState {
  if (typeof value !== "object" || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** Whether they are encoded alike. */
export function isSameState(one: PresenceState, other: PresenceState): boolean {
  return one === other || Buffer.compare(encode(one), encode(other)) === 0;
}

/** Nobody who reads a state can change it for the others; only bytes in it cannot be frozen. */
export function frozen(state: PresenceState): PresenceState {
  freeze(state);
  return state;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
