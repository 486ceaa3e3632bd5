/** When a receiver wants to be asked again, in milliseconds from now. */

const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;

/** Seconds, or a date. Undefined where it says nothing that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (SECONDS.test(text)) return Math.ceil(Number(text) * 1000);
  // Only as HTTP writes dates: much else can be read as one.
  const dateMs = /^[A-Z][a-z]{2,8}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
