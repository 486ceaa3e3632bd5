/** Events of 200 bytes that count up from 0. */

import { newEnvelope } from "../mesh/index.ts";

export const EVENT_BYTES = 200;
const TOPIC = "bench.backlog";
const ENCODER = new TextEncoder();

export function numberedEvent(n: number): Uint8Array {
  const event = { topic: TOPIC, node: "a", type: TOPIC };
  const withText = (text: string): Uint8Array =>
    ENCODER.encode(JSON.stringify(newEnvelope({ ...event, payload: { n, text } })));
  return withText(".".repeat(EVENT_BYTES - withText("").length));
}

/** Sees to it that nothing is missing, and that all come in order. */
export class Expected {
  #next = 0;

  /** How many have come. */
  get count(): number {
    return this.#next;
  }

  take(n: unknown): void {
    if (n !== this.#next) throw new Error(`event ${String(n)} came where ${this.#next} was due`);
    this.#next += 1;
  }
}
