import type { SentBatch } from "./sent-batches.ts";
import { LEFT_BYTES_MAX, LEFT_MS_MAX } from "./socket-limits.ts";

interface Left {
  readonly batches: readonly SentBatch[];
  readonly bytes: number;
  /** By a clock that only goes forward. */
  readonly leftAtMs: number;
}

/** By collector and place: what a sender that was closed could not tell to have arrived. The last one closed is last. */
const LEFT = new Map<string, Left>();

/** For the next sender of the same collector to the same place: whenever the plugin is loaded anew, it makes new ones. */
export function leaveBatches(key: string, batches: readonly SentBatch[], nowMs: number): void {
  LEFT.delete(key);
  if (batches.length === 0) return;
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  LEFT.set(key, { batches, bytes, leftAtMs: nowMs });
  let total = [...LEFT.values()].reduce((sum, left) => sum + left.bytes, 0);
  for (const [oldest, left] of LEFT) {
    if (total <= LEFT_BYTES_MAX || oldest === key) return;
    LEFT.delete(oldest);
    total -= left.bytes;
  }
}

/** Nobody else gets them, nor whoever comes much later. */
export function takeLeftBatches(key: string, nowMs: number): readonly SentBatch[] {
  const left = LEFT.get(key);
  LEFT.delete(key);
  return left === undefined || nowMs - left.leftAtMs > LEFT_MS_MAX ? [] : left.batches;
}
