/** Payloads as JSON, which has fewer kinds of values than MessagePack. */

import { DEFAULT_DECODE_LIMITS } from "../src/index.ts";
import { MeshError } from "./mesh-error.ts";

/** As deep as a payload may be nested, for nodes and receivers alike, and what is in the innermost. */
const LEVELS_MAX = DEFAULT_DECODE_LIMITS.depthMax + 1;

/**
 * A payload as an answer or event shows it: bytes as `base64` beside a `payload` of `null`, whatever
 * else as a `payload` in which bytes are `{"base64": …}`, wide integers strings, and times ISO 8601.
 */
export function payloadFields(payload: unknown): {
  readonly payload: unknown;
  readonly base64?: string;
} {
  if (payload instanceof Uint8Array) return { payload: null, base64: base64Of(payload) };
  return { payload: jsonOf(payload) };
}

/**
 * A value as JSON has it.
 *
 * @throws {MeshError} `invalid_payload` for one that is nested too deeply
 */
export function jsonOf(value: unknown): unknown {
  return jsonAt(value, 1);
}

function jsonAt(value: unknown, level: number): unknown {
  if (level > LEVELS_MAX) {
    const { depthMax } = DEFAULT_DECODE_LIMITS;
    const text = `the value is nested deeper than ${depthMax} levels, or is a part of itself; flatten it`;
    throw new MeshError("invalid_payload", text);
  }
  if (value === undefined) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return { base64: base64Of(value) };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map((item) => jsonAt(item, level + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, jsonAt(item, level + 1)]),
  );
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
