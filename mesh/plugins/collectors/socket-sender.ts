import { SocketError } from "./socket-trouble.ts";
import type { SendResult } from "./sink.ts";

/** Brings bytes over a connection that it keeps open, and dials when there is none. */
export interface SocketSender {
  /** Before the first batch of a collector that runs. */
  start?(): void;
  /** Never rejects. */
  send(bytes: Uint8Array, signal: AbortSignal): Promise<SendResult>;
  /** Lets the other side read the rest, for a limited time. */
  close(): Promise<void>;
}

/** A connection failed; the same comes again. */
export function retryOf(error: unknown): SendResult {
  if (error instanceof SocketError) return { kind: "retry", text: error.message };
  return { kind: "retry", text: `the connection failed: ${String(error)}` };
}
