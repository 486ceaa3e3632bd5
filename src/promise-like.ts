/** Whether a plugin's answer is still to come. Bytes and strings, the usual answers, are told first. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return "then" in value && typeof value.then === "function";
}
