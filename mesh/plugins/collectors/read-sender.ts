import type { SettingsReader } from "../../index.ts";
import { readSendTimeout } from "./send-timeout.ts";
import { RESEND_MS } from "./socket-limits.ts";
import type { SocketSender } from "./socket-sender.ts";
import type { TcpTarget } from "./tcp-target.ts";
import { TrustingSender } from "./trusting-sender.ts";

/** Below, what was sent just before the end was noticed would be lost. */
const RESEND_RANGE = { min: 100, max: 600_000 };

/** For a receiver that answers nothing. */
export function readTrustingSender(target: TcpTarget, settings: SettingsReader): SocketSender {
  return new TrustingSender({
    target,
    timeoutMs: readSendTimeout(settings),
    resendMs: settings.whole("resend_ms", RESEND_MS, RESEND_RANGE),
  });
}
