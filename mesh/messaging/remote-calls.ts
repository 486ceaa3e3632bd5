import type { RemoteNode } from "../cluster/remote-node.ts";
import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import { encodeCancel, encodeReply, encodeRequest } from "./call-frames.ts";
import {
  type Caller,
  type OutgoingRequest,
  type Reply,
  ReplyStatus,
  type Sent,
  type Target,
  textReply,
} from "./calls.ts";

/** Of small frames, which wait for nothing. No topic has white space, so none shares an order with these. */
const SMALL = "a small call";

/** Requests to and from one other node. */
export class RemoteCalls implements Target, Caller {
  readonly #node: RemoteNode;

  constructor(node: RemoteNode) {
    this.#node = node;
  }

  get name(): string {
    return this.#node.name;
  }

  ask(request: OutgoingRequest): Sent {
    const frame = encodeRequest(request);
    if (this.#node.sendMessage(frame, orderOf("request", request.id, frame))) return "sent";
    return this.#node.isDown ? "lost" : "full";
  }

  cancel({ id }: OutgoingRequest): void {
    // It must not overtake the request, which may be a large one.
    this.#node.sendMessage(encodeCancel(id), `request ${id}`);
  }

  /** An answer that cannot be queued is not lost without a word: of the few bytes that say so, there is always room. */
  reply(id: number, reply: Reply): void {
    const frame = encodeReply(id, reply);
    if (this.#node.sendMessage(frame, orderOf("reply", id, frame))) return;
    const text = "too much waits for the node that asked, so that the answer could not be sent";
    this.#node.sendControl(encodeReply(id, textReply(ReplyStatus.busy, text)));
  }
}

/** A large frame holds up nothing but what belongs to it. */
function orderOf(what: "request" | "reply", id: number, frame: Uint8Array): string {
  return frame.length > SMALL_FRAME_BYTES_MAX ? `${what} ${id}` : SMALL;
}
