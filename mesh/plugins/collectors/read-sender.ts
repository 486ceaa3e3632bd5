import { readSendTimeout } from "./send-timeout.ts";
import type { SinkOptions } from "./sink.ts";
import { RESEND_MS } from "./socket-limits.ts";
import type { SocketSender } from "./socket-sender.ts";
import type { TcpTarget } from "./tcp-target.ts";
import { TrustingSender } from "./trusting-sender.ts";

/** Below, what was sent just before the end was noticed would be lost. */
const RESEND_RANGE = { min: 100, max: 600_000 };

/** For a receiver that answers nothing. `form` is how lines are told apart on the wire. */
export function readTrustingSender(
  target: TcpTarget,
  { node, collector, settings }: SinkOptions,
  form: string,
): SocketSender {
  return new TrustingSender({
    target,
    key: [node, collector, target.where, form].join(" "),
    timeoutMs: readSendTimeout(settings),
    resendMs: settings.whole("resend_ms", RESEND_MS, RESEND_RANGE),
  });
}
