import type { SentBatch } from "./sent-batches.ts";
import { LEFT_BYTES_MAX } from "./socket-limits.ts";

/** By collector and place: what a sender that was closed could not tell to have arrived. The last one closed is last. */
const LEFT = new Map<string, readonly SentBatch[]>();

/** For the next sender of the same collector to the same place: whenever the plugin is loaded anew, it makes new ones. */
export function leaveBatches(key: string, batches: readonly SentBatch[]): void {
  LEFT.delete(key);
  if (batches.length === 0) return;
  LEFT.set(key, batches);
  let bytes = [...LEFT.values()].flat().reduce((sum, batch) => sum + batch.bytes.length, 0);
  for (const [oldest, others] of LEFT) {
    if (bytes <= LEFT_BYTES_MAX || oldest === key) return;
    LEFT.delete(oldest);
    bytes -= others.reduce((sum, batch) => sum + batch.bytes.length, 0);
  }
}

/** Nobody else gets them. */
export function takeLeftBatches(key: string): readonly SentBatch[] {
  const batches = LEFT.get(key) ?? [];
  LEFT.delete(key);
  return batches;
}
