import { QUEUE_NAME_BYTES_MAX } from "./limits.ts";
import { OutboxError } from "./outbox-error.ts";

export interface QueueOptions {
  /** What its entries may count together: the bytes of each, and 16 more. */
  readonly bytesMax: number;
  /** Entries that wait longer are dropped. Default: none is too old. */
  readonly ageMaxMs?: number;
  /** Whether a full queue refuses what is appended, or drops its oldest entries. */
  readonly whenFull: "refuse" | "drop_oldest";
}

/** @throws {OutboxError} `invalid` */
export function assertQueueOptions(name: string, { bytesMax, ageMaxMs }: QueueOptions): void {
  const length = Buffer.byteLength(name);
  if (length === 0 || length > QUEUE_NAME_BYTES_MAX) {
    const text = `a queue's name has 1 to ${QUEUE_NAME_BYTES_MAX} bytes, and "${name.slice(0, 80)}" ${length}`;
    throw new OutboxError("invalid", text);
  }
  assertWhole(`the queue "${name}": bytesMax`, bytesMax);
  if (ageMaxMs !== undefined) assertWhole(`the queue "${name}": ageMaxMs`, ageMaxMs);
}

/** @throws {OutboxError} `invalid` */
export function assertWhole(what: string, value: number, from = 1): void {
  if (Number.isSafeInteger(value) && value >= from) return;
  throw new OutboxError("invalid", `${what} must be a whole number from ${from}, not ${value}`);
}
