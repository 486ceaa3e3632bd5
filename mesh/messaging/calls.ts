/** Requests on their way, whether the other end is a node or this node itself. */

import type { Payload } from "./payload.ts";

/** [MESH-7.4] */
export const ReplyStatus = { answer: 0, unknownService: 1, failed: 2, busy: 3 } as const;
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus];

export interface OutgoingRequest {
  /** Unlike that of any other request that is waited for. */
  readonly id: number;
  readonly service: string;
  readonly timeoutMs: number;
  readonly payload: Payload;
}

export interface Reply {
  readonly status: ReplyStatus;
  /** The answer, or a text in UTF-8. */
  readonly payload: Payload;
}

/**
 * What came of sending a request.
 *
 * | outcome | it means |
 * |---|---|
 * | `sent` | it is on its way |
 * | `full` | too much waits for the node |
 * | `lost` | there is no way to the node at the moment |
 */
export type Sent = "sent" | "full" | "lost";

/** Who answers requests. */
export interface Target {
  readonly name: string;
  ask(request: OutgoingRequest): Sent;
  /** Nobody waits for the answer any more. */
  cancel(request: OutgoingRequest): void;
}

/** Who asks. */
export interface Caller {
  readonly name: string;
  reply(id: number, reply: Reply): void;
}

export function textReply(status: ReplyStatus, text: string): Reply {
  return { status, payload: { kind: "raw", bytes: Buffer.from(text) } };
}
