import { DROPPABLE_FRAME_TYPE_MIN } from "./cluster-frames.ts";
import { HeldFrames } from "./held-frames.ts";
import { DOUBTED_CONTROL_BYTES, DOUBTED_MESSAGE_BYTES } from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import type { ReachableNode } from "./reachable-node.ts";

/** An open that the link of the pair speaks against. [MESH-5.3] */
interface Doubt {
  /** The way that was opened. */
  readonly from: LiveLink;
  readonly serial: number;
  /** Undefined once there was no room for what must arrive. */
  held: HeldFrames | undefined;
}

const HELD_BYTES = {
  bytesMax: DOUBTED_MESSAGE_BYTES,
  controlBytesMax: DOUBTED_CONTROL_BYTES,
} as const;

export interface DoubtedOpen {
  readonly node: ReachableNode;
  /** The way that was opened: the link of the pair, or a carrier. */
  readonly from: LiveLink;
  readonly serial: number;
  /** The link of the pair. */
  readonly link: LiveLink;
}

/**
 * Opens that cannot be true as long as the link of the pair is there, or only then: whoever carries can make up what
 * it likes, so that the link is asked before anything is believed. What comes meanwhile by the way in doubt is kept.
 */
export class Doubts {
  /** One for each node, for the time of a probe at most. */
  readonly #doubts = new Map<ReachableNode, Doubt>();

  /** Asks the link, and tells `settle` what it has answered, unless another open has been raised after this one. */
  raise({ node, from, serial, link }: DoubtedOpen, settle: Settle): void {
    const before = this.#doubts.get(node);
    // Made-up opens must not stand in the way of one that came over the link.
    const isLate = before?.from === link || (before !== undefined && before.serial >= serial);
    if (from !== link && isLate) return;
    const doubt: Doubt = { from, serial, held: new HeldFrames(HELD_BYTES) };
    this.#doubts.set(node, doubt);
    void link.isStillThere().then((isThere) => {
      if (this.#doubts.get(node) !== doubt) return;
      this.#doubts.delete(node);
      settle(isThere, doubt.held);
    });
  }

  /** Keeps a node frame, type and all, if it came by a way that is in doubt. Answers whether it did. */
  hold(node: ReachableNode, from: LiveLink, frame: Uint8Array): boolean {
    const doubt = this.#doubts.get(node);
    if (doubt?.from !== from) return false;
    const mustArrive = (frame[0] ?? 0) < DROPPABLE_FRAME_TYPE_MIN;
    const isHeld = doubt.held?.push(frame, mustArrive ? undefined : "") === true;
    // The rest would not be what the node has said.
    if (mustArrive && !isHeld) doubt.held = undefined;
    return true;
  }
}

/** `held` is undefined if more came, of what must arrive, than could be held. */
type Settle = (isThere: boolean, held: HeldFrames | undefined) => void;
