/** What becomes of a line elsewhere, told to the node where it was said: so its operator sees there why it did not arrive. */

import * as v from "valibot";
import type { Message } from "../../index.ts";
import type { Desk } from "./desk.ts";
import { isOutcome, type Outcome } from "./outcome.ts";

const Receipt = v.object({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  outcome: v.string(),
});

/** Only the node itself listens there. Names may have dots where a topic cannot; two names that meet so hear one another's. */
export function receiptTopicOf(node: string): string {
  return `relay.receipt.${node.replaceAll(".", "-")}`;
}

export class Receipts {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  send(node: string, id: string, outcome: Outcome): void {
    this.#desk.node.publish(receiptTopicOf(node), { id, outcome });
  }

  take(message: Message): void {
    const receipt = v.safeParse(Receipt, message.payload);
    if (!receipt.success || !isOutcome(receipt.output.outcome)) return;
    this.#desk.trace.resolve(receipt.output.id, message.from, receipt.output.outcome);
  }
}
