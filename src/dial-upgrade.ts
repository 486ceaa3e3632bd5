/** Dialling an endpoint for a connection that goes on as TLS. [MESH-1.1] */

import { type Address, assertPort, formatAddress } from "./address.ts";
import { connect } from "./bun-transport.ts";
import { assertName } from "./dial.ts";
import { CcpError, type CcpErrorCode } from "./errors.ts";
import { FrameDecoder, type FrameHandler, NO_CODE } from "./frame-decoder.ts";
import { encodeFrame, NO_DATA } from "./frame-encoder.ts";
import { DEFAULT_CLIENT_LIMITS, limitRange } from "./limits.ts";
import { ClientCode, ServerCode } from "./protocol.ts";
import { assertUpgradeTls, type UpgradeTls } from "./tls-options.ts";
import { type UpgradeHandler, upgrade } from "./tls-upgrade.ts";
import type { SecureTransport, Transport, TransportHandler } from "./transport.ts";

export interface DialUpgradeOptions {
  /** An address or a host name. */
  readonly host: string;
  readonly port: number;
  /** The name that was registered for upgrades. */
  readonly plugin: string;
  /** `undefined` trusts nobody, and checks nothing. */
  readonly tls: UpgradeTls | undefined;
  /** For all of it: the connection, the acceptance and the handshake. */
  readonly timeoutMs: number;
  /** Cancels it. Does nothing once `open` was called. */
  readonly signal?: AbortSignal | undefined;
  /** TLS 1.3 is up: answers who handles the connection. `address` is the one that was dialled, resolved. */
  open(transport: SecureTransport, address: Address): TransportHandler;
}

/** What an endpoint says before TLS is at most a few codes; anything longer is no endpoint. */
const ANSWER_BYTES_MAX = 255;

/**
 * Dials, asks for `plugin`, and goes on with TLS 1.3. Resolves after `open` was called. The other side may
 * still refuse this side's certificate: only what it says inside TLS tells.
 *
 * @throws {CcpError} `connection_refused`, `host_not_found`, `connect_timeout`, `connect_failed`,
 *   `accept_timeout`, `nobody_home`, `communication_error`, `communication_ended`, `protocol_error`,
 *   `connection_aborted`, `tls_failed`, `cancelled`, `invalid_option`; and whatever `open` throws
 */
export async function dialUpgrade(options: DialUpgradeOptions): Promise<void> {
  assertOptions(options);
  const { host, port, signal, timeoutMs } = options;
  const sinceMs = performance.now();
  let attempt: UpgradeAttempt | undefined;
  await connect({
    host,
    port,
    timeoutMs,
    signal,
    onHandlerError: throwLater,
    open: (transport, address) => {
      const leftMs = timeoutMs - (performance.now() - sinceMs);
      attempt = new UpgradeAttempt({ ...options, transport, address, leftMs });
      attempt.start();
      return attempt;
    },
  });
  await attempt?.done;
}

/**
 * | state | it means |
 * |---|---|
 * | `accepting` | the start was sent, the endpoint has not answered |
 * | `securing` | accepted; TLS is not up |
 * | `leaving` | failed; the endpoint was told the end, and may close |
 * | `over` | handed over, or closed |
 */
type State = "accepting" | "securing" | "leaving" | "over";

const NEXT_STATES: Readonly<Record<State, readonly State[]>> = {
  accepting: ["securing", "leaving", "over"],
  securing: ["over"],
  leaving: ["over"],
  over: [],
};

interface AttemptOptions extends DialUpgradeOptions {
  readonly transport: Transport;
  readonly address: Address;
  readonly leftMs: number;
}

class UpgradeAttempt implements TransportHandler, FrameHandler, UpgradeHandler {
  readonly #options: AttemptOptions;
  readonly #decoder: FrameDecoder;
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  #transport: Transport;
  #state: State = "accepting";
  #accepted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#decoder = new FrameDecoder(this, ANSWER_BYTES_MAX);
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  get #target(): string {
    return formatAddress(this.#options);
  }

  start(): void {
    const { leftMs, signal, plugin } = this.#options;
    this.#timer = setTimeout(() => this.#onTimeout(), Math.max(0, leftMs));
    signal?.addEventListener("abort", this.#onCancel, { once: true });
    this.#write(encodeFrame(ClientCode.startRaw, Buffer.from(plugin)));
  }

  // --- before TLS ---------------------------------------------------------------------------

  onData(chunk: Buffer): void {
    if (this.#state !== "accepting") return;
    this.#decoder.push(chunk);
    if (!this.#accepted || this.#state !== "accepting") return;
    // Whatever stands behind it was not said inside TLS. [MESH-1.2]
    if (this.#decoder.heldBytes > 0) this.#notCcp();
    else this.#beginTls();
  }

  onFrame(code: number): void {
    const { plugin } = this.#options;
    switch (code) {
      case ServerCode.accepted:
        this.#accepted = true;
        this.#decoder.pause();
        return;
      case ServerCode.nobodyHome:
        this.#leave("nobody_home", `nobody takes connections for "${plugin}" there now`);
        return;
      case ServerCode.communicationError:
        this.#leave("communication_error", `"${plugin}" failed`);
        return;
      case ServerCode.end:
        this.#leave("communication_ended", "it ended the communication before it accepted it");
        return;
      case ServerCode.protocolError:
        this.#fail("protocol_error", "the protocol was broken");
        return;
      case ServerCode.data:
      case NO_CODE:
        this.#notCcp();
        return;
      default: // An unknown code is ignored. [CCP-1.4]
    }
  }

  onOversize(): void {
    this.#notCcp();
  }

  /** There is no budget beyond `ANSWER_BYTES_MAX`. */
  onMemoryExhausted(): boolean {
    return false;
  }

  onDrain(): void {}

  onEnd(): void {
    if (this.#state === "accepting") this.#lost();
    else if (this.#state === "leaving") this.#end();
  }

  onClose(): void {
    if (this.#state === "accepting") this.#lost();
    else if (this.#state === "securing") this.onUpgradeFailed("it closed the connection", null);
    else this.#end();
  }

  // --- what TLS tells -----------------------------------------------------------------------

  onSecure(transport: SecureTransport): TransportHandler {
    if (this.#state !== "securing") return this;
    this.#transport = transport;
    let handler: TransportHandler;
    this.#stopWaiting();
    this.#state = "over";
    try {
      handler = this.#options.open(transport, this.#options.address);
    } catch (error) {
      this.#done.reject(error);
      transport.terminate();
      return this;
    }
    this.#done.resolve();
    return handler;
  }

  onUpgradeFailed(why: string, cause: Error | null): void {
    this.#fail("tls_failed", `TLS failed: ${why}`, cause);
  }

  // --- the parts ----------------------------------------------------------------------------

  #beginTls(): void {
    this.#decoder.stop();
    this.#enter("securing");
    try {
      this.#transport = upgrade(this.#transport, {
        side: "dialler",
        tls: this.#options.tls,
        handler: this,
        onHandlerError: throwLater,
      });
    } catch (error) {
      this.#fail("tls_failed", "TLS could not be begun", error);
    }
  }

  #notCcp(): void {
    this.#fail("protocol_error", "it answers what no CCP endpoint does; is it the right port?");
  }

  #lost(): void {
    const text =
      "it closed the connection without accepting; does that port speak CCP, without TLS, and are there too " +
      "many connections to it?";
    this.#fail("connection_aborted", text);
  }

  readonly #onCancel = (): void => {
    this.#fail("cancelled", "dialling was cancelled", this.#options.signal?.reason);
  };

  #onTimeout(): void {
    const { timeoutMs } = this.#options;
    if (this.#state === "securing") {
      this.#fail("connect_timeout", `the TLS handshake was not finished within ${timeoutMs} ms`);
    } else {
      const text = `it took the connection but did not answer within ${timeoutMs} ms; is it a CCP endpoint?`;
      this.#fail("accept_timeout", text);
    }
  }

  /** Fails, but with a word of farewell, and time to read it. [CCP-6.2] */
  #leave(code: CcpErrorCode, text: string): void {
    this.#enter("leaving");
    this.#reject(code, text);
    this.#write(encodeFrame(ClientCode.end, NO_DATA));
    this.#transport.shutdown();
    this.#timer = setTimeout(() => this.#end(), DEFAULT_CLIENT_LIMITS.closeTimeoutMs);
  }

  #fail(code: CcpErrorCode, text: string, cause?: unknown): void {
    if (this.#state !== "accepting" && this.#state !== "securing") return;
    this.#reject(code, text, cause);
    this.#end();
  }

  #reject(code: CcpErrorCode, text: string, cause?: unknown): void {
    this.#stopWaiting();
    this.#decoder.stop();
    const options = cause === undefined || cause === null ? undefined : { cause };
    this.#done.reject(new CcpError(code, `${this.#target}: ${text}`, options));
  }

  #end(): void {
    if (this.#state === "over") return;
    clearTimeout(this.#timer);
    // First, so that what the transport says of its end is not taken for news.
    this.#enter("over");
    this.#transport.terminate();
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onCancel);
  }

  /** A few hundred bytes at most on an empty connection; if they are not taken, there is none. */
  #write(bytes: Uint8Array): void {
    this.#transport.write(bytes, 0, bytes.length);
  }

  #enter(state: State): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`an upgrade cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}

function assertOptions({ host, port, plugin, tls, timeoutMs }: DialUpgradeOptions): void {
  assertName(plugin);
  assertPort(port, 1);
  if (host === "") throw new CcpError("invalid_option", "the host to dial is empty");
  const { min, max } = limitRange("timeoutMs");
  if (!Number.isInteger(timeoutMs) || timeoutMs < min || timeoutMs > max) {
    const text = `timeoutMs must be a whole number from ${min} to ${max}, not ${timeoutMs}`;
    throw new CcpError("invalid_option", text);
  }
  if (tls !== undefined) assertUpgradeTls(tls);
}

/** Whoever was given the connection threw; nobody here can answer for it. */
function throwLater(error: Error): void {
  queueMicrotask(() => {
    throw error;
  });
}
