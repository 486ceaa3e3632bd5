/** Payloads as JSON, which has fewer kinds of values than MessagePack. */

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

/** A value as JSON has it. */
export function jsonOf(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return { base64: base64Of(value) };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(jsonOf);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
