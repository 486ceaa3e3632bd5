import type { ClientCallbacks } from "./client-callbacks.ts";
import { type Call, type DialOptions, dial } from "./dial.ts";
import { CcpError, type CcpErrorCode } from "./errors.ts";
import type { Mode } from "./protocol.ts";

/** What the awaiting clients want to know of a call. */
export interface CallObserver {
  onData(data: Buffer): void;
  /** The communication is over; `undefined` when it ended as it should. Called once. */
  onOver(error: CcpError | undefined): void;
}

/**
 * Dials and waits for the acceptance.
 *
 * @throws {CcpError} whatever came instead
 */
export async function dialAccepted(
  options: DialOptions & { readonly mode: Mode },
  observer: CallObserver,
): Promise<Call> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const over = (error: CcpError | undefined): void => {
    const ended = `${call.target} ended the communication before it accepted it`;
    reject(error ?? new CcpError("communication_ended", ended));
    observer.onOver(error);
  };
  const fail = (code: CcpErrorCode, text: string): void => {
    over(new CcpError(code, `${call.target}: ${text}`));
  };
  const { plugin, mode } = options;
  const callbacks: ClientCallbacks = {
    onAccepted: resolve,
    onData: (data) => observer.onData(data),
    onEnd: () => over(undefined),
    onNobodyHome: () =>
      fail("nobody_home", `no plugin receives ${mode} communications for "${plugin}" there now`),
    onCommunicationError: () => fail("communication_error", `the plugin "${plugin}" failed`),
    onProtocolError: () => fail("protocol_error", "the protocol was broken"),
    onConnectionError: over,
    onAbort: over,
  };
  const call = dial(options, callbacks);
  await promise;
  return call;
}
