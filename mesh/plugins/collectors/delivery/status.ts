/** What an operator sees of a delivery. */

/**
 * | state | it means |
 * |---|---|
 * | `idle` | nothing waits |
 * | `sending` | events are on their way, or wait for others to fill a batch |
 * | `failing` | some were not taken, and come again |
 * | `open` | the receiver seems to be gone: one batch at a time asks for it |
 */
export type DeliveryState = "idle" | "sending" | "failing" | "open";

export interface DeliveryStatus {
  readonly state: DeliveryState;
  /** Events that were confirmed. */
  readonly sent: number;
  /** Batches that were not taken. */
  readonly failed: number;
  /** Batches that were sent again. */
  readonly retried: number;
  /** Events that were set aside for good. */
  readonly buried: number;
  readonly lastError: { readonly text: string; readonly at: string } | null;
  readonly lastSentAt: string | null;
  /** Batches on their way. */
  readonly inFlight: number;
  readonly nextTryInMs: number | null;
}
