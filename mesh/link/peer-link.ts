/** A link that is up, and how links come to be, as their owner sees both. */

import type { Address } from "../../src/index.ts";
import type { LinkPeer, LinkRefusal, NodeIdentity, SetupFailed, SetupRefused } from "./setup.ts";

export type LinkDirection = "dialled" | "accepted";

/** Why a side says gone. [MESH-1.10], [MESH-2.8], [MESH-2.9] */
export type GoneCode = "stopping" | "duplicate_name" | "protocol_error";

/**
 * Why a link is down.
 *
 * | reason | it means |
 * |---|---|
 * | `closed` | the connection closed |
 * | `silent` | nothing came for too long |
 * | `stalled` | the other side took nothing for too long |
 * | `overflow` | more waited than may, of what cannot be dropped |
 * | `protocol_error` | the other side sent what cannot be read |
 * | `gone` | the other side said so |
 * | `dropped` | this side closed it |
 */
export type LinkDownReason =
  | "closed"
  | "silent"
  | "stalled"
  | "overflow"
  | "protocol_error"
  | "gone"
  | "dropped";

export interface LinkDown {
  readonly reason: LinkDownReason;
  /** Fit for a log. */
  readonly text: string;
  /** What the other side said, where the reason is `gone`. */
  readonly gone?: { readonly code: string; readonly text: string };
}

export interface LinkCounters {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Messages that were not sent because too much waited. */
  dropped: number;
}

export interface PeerLink {
  readonly peer: LinkPeer;
  readonly direction: LinkDirection;
  /** Where the other side is, as this side sees it. */
  readonly address: Address;
  /** Of the last ping that was answered. */
  readonly rttMs: number | undefined;
  /** Bytes that wait to be taken. */
  readonly queuedBytes: number;
  /** Whether less waits than the high-water mark. */
  readonly hasRoom: boolean;
  readonly counters: Readonly<LinkCounters>;

  /**
   * Queues a frame that must arrive, or the link is of no use; for those, bounded elsewhere, there is always
   * some room. Does nothing once the link is down.
   */
  sendControl(frame: Uint8Array): void;
  /**
   * Queues a frame; answers `false` if it was dropped, because too much waits or the link is down. Frames of the same
   * `order` do not overtake each other. [MESH-4.3] A frame of more than 64 KiB is kept, and must not be
   * changed any more.
   */
  sendMessage(frame: Uint8Array, order: string): boolean;
  /** Resolves once there is room, or the link is down. */
  drained(): Promise<void>;
  /** Whether the other side answers in time, by a pong or by what still moves. [MESH-3.3] */
  probe(timeoutMs: number): Promise<boolean>;
  /** Says gone where a code is given, flushes for a short while, and closes. `onDown` follows at once. */
  close(text: string, code?: GoneCode): void;
}

/** Who hears of a link that is up. */
export interface LinkHandler {
  /**
   * A frame that is not the link's own affair (as gone, ping, pong, piece and credit are): its body is `chunk` from `start` to
   * `end`, which is never written again. Whoever cannot read it calls `close` with `protocol_error`.
   */
  onFrame(link: PeerLink, type: number, chunk: Buffer, start: number, end: number): void;
  /** Called once, last. */
  onDown(link: PeerLink, down: LinkDown): void;
}

/** A link in the making. */
export interface LinkAttempt {
  readonly direction: LinkDirection;
  /** Who is dialled, or who dials. */
  readonly address: Address;
}

/** What an attempt came to, if not to a link. */
export type AttemptFailure = SetupRefused | SetupFailed;

/** Who decides about links. Whatever the outcome of an attempt, it is told once. */
export interface LinkPolicy {
  /** The other side has proved itself. Until the outcome is told, an attempt nothing was said against counts as a link. */
  decide(
    attempt: LinkAttempt,
    peer: NodeIdentity,
  ): LinkRefusal | undefined | Promise<LinkRefusal | undefined>;
  /** Answers who hears of the link from now on; it may send at once. */
  onUp(attempt: LinkAttempt, link: PeerLink): LinkHandler;
  onFailed(attempt: LinkAttempt, failure: AttemptFailure): void;
}

/** Makes links. */
export interface LinkConnector {
  /** Dials; the outcome goes to the policy, never before this returns. */
  dial(address: Address, signal: AbortSignal): LinkAttempt;
}
