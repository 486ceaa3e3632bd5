import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";
import { frameRoom } from "./frame-room.ts";
import { FRAME_HEADS_MAX } from "./limits.ts";
import { NodeFrameType } from "./node-frames.ts";
import { flagsOf, type Payload } from "./payload.ts";

/**
 * Makes the frames that carry messages. [MESH-7.2] The head of a topic's frames is made once, and short frames
 * are all made in the same place: whoever sends them copies them.
 */
export class PublishFrames {
  readonly #heads = new Map<string, Uint8Array>();
  readonly #scratch = Buffer.allocUnsafeSlow(SMALL_FRAME_BYTES_MAX);
  /** The scratch up to a length: one length often comes many times in a row. */
  #view: Uint8Array = this.#scratch.subarray(0, 0);
  #isLent = false;

  /** Lets `use` have the frame, which it must not keep if it is short. */
  lend(
    topic: string,
    { groups, payload }: { readonly groups: readonly string[]; readonly payload: Payload },
    use: (frame: Uint8Array) => void,
  ): void {
    const head = groups.length === 0 ? this.#headOf(topic) : encodeHead(topic, groups);
    const length = head.length + payload.bytes.length;
    // Whoever sends may hear that a node is gone, and publish that, before it returns.
    const isFresh = this.#isLent || length > SMALL_FRAME_BYTES_MAX;
    const frame = isFresh ? frameRoom(head.length, payload.bytes) : this.#scratchOf(length);
    frame.set(head);
    frame[1] = flagsOf(payload.kind);
    frame.set(payload.bytes, head.length);
    if (isFresh) {
      use(frame);
      return;
    }
    this.#isLent = true;
    try {
      use(frame);
    } finally {
      this.#isLent = false;
    }
  }

  #scratchOf(length: number): Uint8Array {
    if (this.#view.length !== length) this.#view = this.#scratch.subarray(0, length);
    return this.#view;
  }

  #headOf(topic: string): Uint8Array {
    return this.#heads.get(topic) ?? this.#remember(topic);
  }

  #remember(topic: string): Uint8Array {
    for (const oldest of this.#heads.keys()) {
      if (this.#heads.size < FRAME_HEADS_MAX) break;
      this.#heads.delete(oldest);
    }
    const head = encodeHead(topic, []);
    this.#heads.set(topic, head);
    return head;
  }
}

/** All that comes before the payload; the flags are left out. */
function encodeHead(topic: string, groups: readonly string[]): Uint8Array {
  const topicBytes = Buffer.from(topic);
  const names = groups.map((group) => Buffer.from(group));
  return Buffer.concat([
    Uint8Array.of(NodeFrameType.publish, 0, topicBytes.length >> 8, topicBytes.length & 0xff),
    topicBytes,
    Uint8Array.of(names.length),
    ...names.flatMap((name) => [Uint8Array.of(name.length), name]),
  ]);
}
