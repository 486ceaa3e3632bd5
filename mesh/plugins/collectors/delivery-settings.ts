/** The keys of `[collector:NAME]` that say how events are sent, whatever they are sent to. */

import type { SettingsReader } from "../../index.ts";
import { DELIVERY_DEFAULTS, DELIVERY_RANGES, type DeliverySettings } from "./limits.ts";

/** What is wrong stands in `reader.problems` afterwards. */
export function readDeliverySettings(reader: SettingsReader): DeliverySettings {
  const whole = (key: string, name: keyof DeliverySettings): number =>
    reader.whole(key, DELIVERY_DEFAULTS[name], DELIVERY_RANGES[name]);
  const settings = {
    batchEvents: whole("batch_events", "batchEvents"),
    batchBytes: whole("batch_bytes", "batchBytes"),
    batchMs: whole("batch_ms", "batchMs"),
    concurrency: whole("concurrency", "concurrency"),
    timeoutMs: whole("timeout_ms", "timeoutMs"),
    retryMinMs: whole("retry_min_ms", "retryMinMs"),
    retryMaxMs: whole("retry_max_ms", "retryMaxMs"),
    triesMax: whole("tries_max", "triesMax"),
  };
  const { retryMinMs, retryMaxMs } = settings;
  if (retryMinMs <= retryMaxMs) return settings;
  const key = reader.has("retry_max_ms") ? "retry_max_ms" : "retry_min_ms";
  const text = `makes the longest wait, ${retryMaxMs} ms, shorter than the first, ${retryMinMs} ms; correct one of retry_min_ms and retry_max_ms`;
  reader.problem(key, text);
  return { ...settings, retryMinMs: DELIVERY_DEFAULTS.retryMinMs, retryMaxMs: HIGHEST };
}

/** Goes with any first wait. */
const HIGHEST = DELIVERY_RANGES.retryMaxMs.max;
