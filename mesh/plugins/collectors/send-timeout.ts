import type { SettingsReader } from "../../index.ts";
import { DELIVERY_DEFAULTS, DELIVERY_RANGES } from "./limits.ts";

/** Whoever asked for the batch to be sent gives up at `timeout_ms`; before that, the sink can say what it waits for. */
const SHARE = 0.95;

/** Time for one batch, from the sending to the confirmation. */
export function readSendTimeout(settings: SettingsReader): number {
  const { timeoutMs } = DELIVERY_DEFAULTS;
  return Math.floor(SHARE * settings.whole("timeout_ms", timeoutMs, DELIVERY_RANGES.timeoutMs));
}
