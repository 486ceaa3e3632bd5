import type { CcpError } from "./errors.ts";

/** What happens to a communication that this side dialled. Each is optional. */
export interface ClientCallbacks {
  /** The connection stands; the start has been sent. */
  onConnected?(): void;
  /** The plugin is there. */
  onAccepted?(): void;
  /** A message arrived; `data` may be kept. */
  onData?(data: Buffer): void;
  /** The communication ended as it should, by either side's wish. */
  onEnd?(): void;
  /** No plugin of that name and mode is there, or it was unloaded meanwhile. */
  onNobodyHome?(): void;
  /** The plugin on the other side failed. */
  onCommunicationError?(): void;
  /** One side says the other broke the protocol. */
  onProtocolError?(): void;
  /** There was no connection: refused, not found, timed out, cancelled. */
  onConnectionError?(error: CcpError): void;
  /** The connection was lost, or given up, before the communication ended. */
  onAbort?(error: CcpError): void;
  /**
   * One of these callbacks threw; the communication was ended. Without it the error becomes an
   * uncaught exception.
   */
  onCallbackError?(error: unknown): void;
}

/** A callback threw; what runs it goes on. */
export function tellCallbackError(callbacks: ClientCallbacks, error: unknown): void {
  if (callbacks.onCallbackError !== undefined) {
    callbacks.onCallbackError(error);
    return;
  }
  queueMicrotask(() => {
    throw error;
  });
}
