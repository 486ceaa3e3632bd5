/**
 * Setting up a link, for both sides: what a side is given, and what comes of it. [MESH-1]
 *
 * `DiallerSetup` and `AcceptorSetup` know no socket and no clock. Whoever owns the connection gives
 * them each frame that arrives inside TLS, sends what they hand out, and tells them when the time is
 * over. Whatever arrives, they never throw, and tell one outcome once; with any but `up` the
 * connection is to be closed, after what they have sent.
 */

import { randomBytes } from "node:crypto";
import { type Address, CcpError } from "../../src/index.ts";
import { errorText } from "../error-text.ts";
import { printable } from "../printable.ts";
import {
  type DiallerHello,
  type LinkDetails,
  NONCE_BYTES,
  type Refusal,
  type RefusalCode,
} from "./frame-bodies.ts";
import { decodeConfirm, decodeDiallerHello, encodeConfirm, encodeDiallerHello } from "./frames.ts";
import { LinkError, type LinkErrorCode } from "./link-error.ts";
import { SECRETS_MAX } from "./secret.ts";

/** What TLS must export for a proof: so many bytes, for this label, with an empty context. [MESH-1.4] */
export const EXPORTER_BYTES = 32;
export const EXPORTER_LABEL = "EXPORTER-Channel-Binding";

/** Who a node is. */
export interface NodeIdentity {
  readonly name: string;
  /** 16 random bytes made at its start, as 32 hexadecimal digits. */
  readonly instance: string;
  /** Greater at each start than at every one before. */
  readonly incarnation: number;
}

/** The node at the other end of a link that is up. It has proved the secret, and so may be believed. */
export interface LinkPeer extends NodeIdentity {
  /** Where others can dial it; an empty host has been replaced by the one it is seen at. */
  readonly advertise: Address | undefined;
  /** The IP address at which it sees this node. */
  readonly observed: string;
}

/** What the owner of the links may have against one more. [MESH-1.7] */
export type LinkRefusal = Refusal<
  "duplicate_link" | "duplicate_name" | "too_many_nodes" | "stopping"
>;

/**
 * Why a link was not set up, for this side's log and counters. The codes of `LinkError`, and:
 *
 * | reason | it means |
 * |---|---|
 * | `unreachable` | there was no connection, or nobody at its other end who takes links |
 * | `tls_failed` | the other side does not speak TLS 1.3, or its certificate was not accepted |
 * | `wrong_proof` | the other side does not know a secret of this one, or somebody is in between |
 * | `timeout` | it took too long |
 * | `closed` | the connection closed |
 * | `cancelled` | this side gave it up |
 * | `undecided` | this side failed to decide whether it wants the link |
 * | `internal` | this side made a mistake |
 */
export type FailureReason =
  | LinkErrorCode
  | "unreachable"
  | "tls_failed"
  | "wrong_proof"
  | "timeout"
  | "closed"
  | "cancelled"
  | "undecided"
  | "internal";

export interface SetupUp {
  readonly kind: "up";
  readonly peer: LinkPeer;
}

export interface SetupRefused {
  readonly kind: "refused";
  readonly by: "us" | "peer";
  readonly code: RefusalCode;
  /** Fit for a log. A `peer` has not proved itself by saying it: it is whoever answered the dial. */
  readonly text: string;
  /** Of a `duplicate_link` by a `peer`: the instance that it gives as its own, no more proved than the rest. */
  readonly claimed?: string;
}

export interface SetupFailed {
  readonly kind: "failed";
  readonly reason: FailureReason;
  /** Fit for a log; never to be sent. [MESH-1.6] */
  readonly text: string;
}

export type SetupOutcome = SetupUp | SetupRefused | SetupFailed;

export interface SetupOptions {
  readonly identity: NodeIdentity;
  readonly cluster: string;
  /** 1 to 4, checked beforehand; the first is the one to stay. [MESH-1.5] */
  readonly secrets: readonly string[];
  /** What TLS has exported on this connection. */
  readonly exporter: Uint8Array;
  /** Where others can dial this node; an empty host is the address its connections come from. */
  readonly advertise: Address | undefined;
  /** The IP address at which this side sees the other. */
  readonly observed: string;
  /**
   * Asked once, when the other side has proved itself. What it answers nothing against counts as a
   * link in the making until the outcome is told. May take its time: set-up's own goes on.
   */
  readonly decide: (
    peer: NodeIdentity,
  ) => LinkRefusal | undefined | Promise<LinkRefusal | undefined>;
  /** Takes a frame of set-up; must not throw. */
  readonly send: (frame: Uint8Array) => void;
  /** Called once, within the call that brought it about or later; must not throw. */
  readonly onOutcome: (outcome: SetupOutcome) => void;
  /** Replaced by tests alone. */
  readonly randomBytes?: (count: number) => Uint8Array;
}

/** What can end a set-up from outside. */
export type AbortReason =
  | "timeout"
  | "closed"
  | "cancelled"
  | "frame_too_long"
  | "frame_unexpected";

export const ABORT_TEXTS: Readonly<Record<AbortReason, string>> = {
  timeout: "it took too long",
  closed: "the connection closed",
  cancelled: "this side gave it up",
  frame_too_long: "a message was too long",
  frame_unexpected: "a message was neither data nor end",
};

/**
 * What this side will say, with a nonce of its own, once it is known that the other side can read it.
 *
 * @throws {CcpError} `invalid_option`, which is a mistake of the caller
 */
export function prepare(options: SetupOptions): {
  readonly hello: DiallerHello;
  readonly details: LinkDetails;
} {
  const { identity, cluster, advertise, observed, exporter, secrets } = options;
  if (exporter.length !== EXPORTER_BYTES) {
    throw new CcpError("invalid_option", `a link needs an exporter of ${EXPORTER_BYTES} bytes`);
  }
  if (secrets.length < 1 || secrets.length > SECRETS_MAX) {
    throw new CcpError("invalid_option", `a link needs 1 to ${SECRETS_MAX} secrets`);
  }
  const nonce = (options.randomBytes ?? randomBytes)(NONCE_BYTES);
  const hello = { ...identityOf(identity), nonce, cluster };
  const details = { advertise, observed };
  try {
    decodeDiallerHello(encodeDiallerHello(hello));
    decodeConfirm(encodeConfirm(details));
  } catch (cause) {
    const text = `no other node could read who this one is: ${errorText(cause)}`;
    throw new CcpError("invalid_option", text, { cause });
  }
  return { hello, details };
}

/** What `decode` makes of a frame, or what is wrong with it. */
export function tried<Body>(
  decode: (frame: Uint8Array) => Body,
  frame: Uint8Array,
): Body | LinkError {
  try {
    return decode(frame);
  } catch (error) {
    if (error instanceof LinkError) return error;
    throw error;
  }
}

export function failure(reason: FailureReason, text: string): SetupFailed {
  return { kind: "failed", reason, text: printable(text) };
}

export function failureOf({ code, message }: LinkError): SetupFailed {
  return failure(code, message);
}

/** What this side has against a peer that has proved itself, if anything; never rejects. */
export async function objectionTo(
  peer: NodeIdentity,
  { identity, decide }: SetupOptions,
): Promise<SetupRefused | SetupFailed | undefined> {
  if (peer.instance === identity.instance) {
    return refusedByUs({ code: "self", text: "this node has dialled itself" });
  }
  try {
    const refusal = await decide(peer);
    return refusal && refusedByUs(refusal);
  } catch (error) {
    return failure("undecided", `this node could not decide: ${errorText(error)}`);
  }
}

export function refusedByUs({ code, text }: Refusal): SetupRefused {
  return { kind: "refused", by: "us", code, text };
}

export function identityOf({ name, instance, incarnation }: NodeIdentity): NodeIdentity {
  return { name, instance, incarnation };
}

export function peerOf(identity: NodeIdentity, theirs: LinkDetails, seenAt: string): LinkPeer {
  const { advertise, observed } = theirs;
  const isSeen = advertise?.host === "";
  return { ...identity, advertise: isSeen ? { ...advertise, host: seenAt } : advertise, observed };
}
