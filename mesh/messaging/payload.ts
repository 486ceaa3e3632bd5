import { CcpError, DEFAULT_DECODE_LIMITS, decode, encode } from "../../src/index.ts";
import { MeshError } from "../mesh-error.ts";
import type { PayloadKind } from "./messenger.ts";

/** A payload as it travels. [MESH-7.1] */
export interface Payload {
  readonly kind: PayloadKind;
  readonly bytes: Uint8Array;
}

const KIND_BIT = 1;

/** [MESH-7.2] */
export function flagsOf(kind: PayloadKind): number {
  return kind === "value" ? KIND_BIT : 0;
}

/** Other bits are left for later versions. */
export function kindOf(flags: number): PayloadKind {
  return (flags & KIND_BIT) === 0 ? "raw" : "value";
}

/**
 * Bytes as they are, not copied; anything else as a MessagePack value.
 *
 * @throws {MeshError} `invalid_payload`
 */
export function encodePayload(payload: unknown, bytesMax: number): Payload {
  if (payload instanceof Uint8Array) {
    assertLength(payload, bytesMax);
    return { kind: "raw", bytes: payload };
  }
  const bytes = encodeValue(payload);
  assertLength(bytes, bytesMax);
  return { kind: "value", bytes };
}

/** @throws {CcpError} `bad_messagepack` */
export function decodePayload({ kind, bytes }: Payload): unknown {
  return kind === "raw" ? bytes : decode(bytes);
}

/** @throws {MeshError} `invalid_payload` */
function encodeValue(value: unknown): Uint8Array {
  try {
    // What the subscribers' nodes decode, or each of them would be told instead of the publisher.
    return encode(value, DEFAULT_DECODE_LIMITS.valuesMax);
  } catch (cause) {
    if (!(cause instanceof CcpError)) throw cause;
    throw new MeshError("invalid_payload", `the payload cannot be sent: ${cause.message}`, {
      cause,
    });
  }
}

/** @throws {MeshError} `invalid_payload` */
export function assertLength({ length }: Uint8Array, bytesMax: number): void {
  if (length <= bytesMax) return;
  const text = `the payload cannot be sent: it has ${length} bytes, where ${bytesMax} are allowed; send it in parts`;
  throw new MeshError("invalid_payload", text);
}
