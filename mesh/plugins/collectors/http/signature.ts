import { createHmac } from "node:crypto";

/**
 * The headers by which a receiver that has the secret knows the request for ours, and for a new one: HMAC-SHA-256 of the
 * time, a dot and the body before it is compressed.
 */
export function signatureHeaders(
  secret: string,
  body: Uint8Array,
  nowMs: number,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const hmac = createHmac("sha256", secret).update(`${timestamp}.`).update(body);
  return {
    "x-ccp-timestamp": timestamp,
    "x-ccp-signature": `sha256=${hmac.digest("hex")}`,
  };
}
