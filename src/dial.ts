/**
 * Dialling a CCP endpoint, in the style of callbacks.
 *
 * ```ts
 * import { dial } from "ccp-mesh/ccp";
 *
 * const call = dial(
 *   { host: "127.0.0.1", port: 28080, plugin: "echo", mode: "request" },
 *   {
 *     onAccepted: () => call.send("hello"),
 *     onData: (data) => {
 *       console.log(data.toString());
 *       call.stop();
 *     },
 *   },
 * );
 * ```
 */

import { assertPort, formatAddress } from "./address.ts";
import { connect } from "./bun-transport.ts";
import { type ClientCallbacks, tellCallbackError } from "./client-callbacks.ts";
import { ClientConnection } from "./client-connection.ts";
import { CcpError } from "./errors.ts";
import { type ClientLimits, DEFAULT_CLIENT_LIMITS, withLimits } from "./limits.ts";
import type { Mode } from "./protocol.ts";
import { NAME_BYTES_MAX } from "./receivers.ts";
import type { ClientTls } from "./tls-options.ts";

export interface DialOptions {
  /** An address or a host name. */
  readonly host: string;
  readonly port: number;
  /** The name the plugin registered. */
  readonly plugin: string;
  readonly tls?: ClientTls;
  readonly limits?: Readonly<Partial<ClientLimits>>;
  /** Cancels the dialling, or gives the communication up, when it fires. */
  readonly signal?: AbortSignal;
}

/** A communication that this side dialled. */
export class Call {
  readonly #options: DialOptions & { readonly mode: Mode };
  readonly #limits: ClientLimits;
  readonly #callbacks: ClientCallbacks;
  readonly #settled: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Cancels the dialling. */
  readonly #dialling = new AbortController();
  #connection: ClientConnection | undefined;

  /** Use {@link dial}. */
  constructor(options: DialOptions & { readonly mode: Mode }, callbacks: ClientCallbacks) {
    this.#options = options;
    this.#limits = withLimits(DEFAULT_CLIENT_LIMITS, options.limits);
    assertName(options.plugin);
    assertPort(options.port, 1);
    if (options.host === "") throw new CcpError("invalid_option", "the host to dial is empty");
    this.#callbacks = callbacks;
  }

  /** Resolves once nothing is left of the connection, or there was none. Never rejects. */
  get closed(): Promise<void> {
    return this.#settled.promise;
  }

  /** Who is dialled, for error texts. */
  get target(): string {
    return formatAddress(this.#options);
  }

  /**
   * Queues one message; see {@link RawReceiver.sendData} for the answer.
   *
   * @throws {CcpError} `communication_ended`, `send_queue_full`, `bad_data`, `message_too_large`
   */
  send(data: Uint8Array | string): boolean {
    if (this.#connection === undefined) {
      throw new CcpError("communication_ended", `not connected to ${this.target} yet`);
    }
    return this.#connection.send(data);
  }

  /**
   * Sends at once what would have waited for the end of the present turn of the event loop, to go
   * together with more.
   */
  flush(): void {
    this.#connection?.flush();
  }

  /** Resolves once there is room to send again, or the communication is over. */
  async drained(): Promise<void> {
    await this.#connection?.drained();
  }

  /** Ends the communication; what was sent is still delivered. Cancels the dialling before that. */
  stop(): void {
    if (this.#connection === undefined) this.#dialling.abort();
    else this.#connection.stop();
  }

  /** Gives the communication up at once, or the dialling. */
  abort(error: CcpError): void {
    if (this.#connection === undefined) this.#dialling.abort(error);
    else this.#connection.abort(error);
  }

  /** Stops and takes up again the calls of `onData`; meanwhile the endpoint is held back. */
  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  /** @internal */
  async run(): Promise<void> {
    const { host, port, tls, signal, plugin, mode } = this.#options;
    const onCancel = (): void => {
      if (this.#connection === undefined) this.#dialling.abort(signal?.reason);
      else this.#connection.abort(cancelled(this.target, signal));
    };
    signal?.addEventListener("abort", onCancel, { once: true });
    if (signal?.aborted === true) onCancel();
    try {
      await connect({
        host,
        port,
        tls,
        signal: this.#dialling.signal,
        timeoutMs: this.#limits.connectTimeoutMs,
        onHandlerError: (error) => this.#callbacks.onCallbackError?.(error),
        open: (transport) => {
          this.#connection = new ClientConnection({
            transport,
            plugin,
            mode,
            target: this.target,
            limits: this.#limits,
            callbacks: this.#callbacks,
          });
          this.#connection.start();
          return this.#connection;
        },
      });
    } catch (error) {
      this.#onConnectionError(asCcpError(error));
    }
    await this.#connection?.closed;
    signal?.removeEventListener("abort", onCancel);
    this.#settled.resolve();
  }

  #onConnectionError(error: CcpError): void {
    try {
      this.#callbacks.onConnectionError?.(error);
    } catch (thrown) {
      tellCallbackError(this.#callbacks, thrown);
    }
  }
}

/** Dials, and tells `callbacks` what happens. Errors go there too; only wrong options throw. */
export function dial(
  options: DialOptions & { readonly mode: Mode },
  callbacks: ClientCallbacks = {},
): Call {
  const call = new Call(options, callbacks);
  void call.run();
  return call;
}

/** @throws {CcpError} `invalid_option` */
export function assertName(plugin: unknown): void {
  if (typeof plugin === "string" && Buffer.byteLength(plugin) <= NAME_BYTES_MAX) return;
  const text = `a plugin name must be a string of at most ${NAME_BYTES_MAX} bytes`;
  throw new CcpError("invalid_option", text);
}

function cancelled(target: string, signal: AbortSignal | undefined): CcpError {
  const text = `the communication with ${target} was cancelled`;
  return new CcpError("cancelled", text, { cause: signal?.reason });
}

function asCcpError(error: unknown): CcpError {
  if (error instanceof CcpError) return error;
  return new CcpError("connect_failed", String(error), { cause: error });
}
