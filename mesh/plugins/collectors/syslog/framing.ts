/** How one message is told from the next on a connection. RFC 6587, 3.4. */

export const FRAMINGS = ["octet", "lf"] as const;

export type Framing = (typeof FRAMINGS)[number];

/** The messages have no line breaks in them. */
export function framed(messages: readonly string[], framing: Framing): Uint8Array {
  if (framing === "lf") return Buffer.from(messages.map((message) => `${message}\n`).join(""));
  return Buffer.from(
    messages.map((message) => `${Buffer.byteLength(message)} ${message}`).join(""),
  );
}
