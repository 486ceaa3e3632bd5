/** The one file that touches `Bun.listen` and `Bun.connect`. Above it there are only transports. */

import type { Socket, SocketHandler, TCPSocketListener, TLSOptions } from "bun";
import { type Address, assertPort, formatAddress, normalizeHost } from "./address.ts";
import { CcpError } from "./errors.ts";
import {
  assertServerTls,
  type ClientTls,
  clientTls,
  type ServerTls,
  serverTls,
} from "./tls-options.ts";
import type { Transport, TransportHandler } from "./transport.ts";
import { connectError, listenError } from "./transport-errors.ts";

export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: ServerTls | undefined;
  /** Whether a connection may stay; if not, it is closed without a byte. */
  readonly admit: (address: Address) => boolean;
  /** Answers who handles a connection that may stay. */
  readonly accept: (transport: Transport, address: Address) => TransportHandler;
  /** A handler threw, which is a mistake of this library; the connection was closed. */
  readonly onHandlerError: (error: Error) => void;
}

export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /** Stops accepting; open connections stay. */
  stop(): void;
}

/** Who handles a socket; nobody does before it is accepted, nor once it was handed on to TLS. */
type SocketData = TransportHandler | undefined;

/**
 * @throws {CcpError} `invalid_option`, `address_in_use`, `listen_failed`, `tls_failed`
 */
export function listen(options: ListenOptions): Listener {
  const { hostname, port } = options;
  assertPort(port, 0);
  const tls = options.tls === undefined ? undefined : serverTls(options.tls);
  if (options.tls !== undefined) assertServerTls(options.tls);
  const handlers = acceptedHandlers(options);
  let listener: TCPSocketListener<SocketData>;
  try {
    listener = Bun.listen<SocketData>({
      hostname,
      port,
      allowHalfOpen: true,
      data: undefined,
      socket: {
        ...handlers,
        open: (socket) => onAccepted(socket, { options, tls, handlers }),
      },
    });
  } catch (error) {
    throw listenError({ host: hostname, port }, error);
  }
  return {
    hostname: listener.hostname,
    port: listener.port,
    stop: () => listener.stop(false),
  };
}

/**
 * Silence after which the system asks whether the other side is still there; about 11 minutes later
 * it closes the connection. Only this notices a peer that lost its power during a raw communication.
 */
const KEEP_ALIVE_MS = 60_000;

interface Acceptance {
  readonly options: ListenOptions;
  readonly tls: TLSOptions | undefined;
  readonly handlers: SocketHandler<SocketData>;
}

function onAccepted(raw: Socket<SocketData>, { options, tls, handlers }: Acceptance): void {
  // Types do not know it, but a client that reset the connection meanwhile has no address.
  const host: string | undefined = raw.remoteAddress;
  if (host === undefined) {
    raw.terminate();
    return;
  }
  const address = { host: normalizeHost(host), port: raw.remotePort };
  if (!options.admit(address)) {
    // With nothing written and nothing unread, the peer sees an orderly end.
    raw.end();
    return;
  }
  const socket = tls === undefined ? raw : secured(raw, tls, handlers);
  socket.data = options.accept(socket, address);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

/**
 * TLS from the first byte, but on a socket that is already known: a listener with TLS of its own
 * tells of a connection only once the handshake is done, so that nothing bounds those that never
 * finish one, or how many a stranger opens.
 */
function secured(
  raw: Socket<SocketData>,
  tls: TLSOptions,
  socket: SocketHandler<SocketData>,
): Socket<SocketData> {
  const upgrade = { isServer: true, data: undefined, tls, socket };
  const [, secure] = raw.upgradeTLS<SocketData>(upgrade);
  return secure;
}

function acceptedHandlers({ tls, onHandlerError }: ListenOptions): SocketHandler<SocketData> {
  return {
    handshake(socket, success) {
      if (success && (tls?.clientCa === undefined || socket.authorized)) return;
      socket.data?.onTlsFailed?.();
      socket.terminate();
    },
    data(socket, chunk) {
      socket.data?.onData(chunk);
    },
    drain(socket) {
      socket.data?.onDrain();
    },
    end(socket) {
      socket.data?.onEnd();
    },
    close(socket) {
      socket.data?.onClose();
    },
    error(socket, error) {
      onHandlerError(error);
      socket.terminate();
    },
  };
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ClientTls | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Connected, and the TLS handshake done: answers who handles the connection. */
  readonly open: (transport: Transport, address: Address) => TransportHandler;
  /** A handler threw; the connection was closed. */
  readonly onHandlerError: (error: Error) => void;
}

/**
 * Dials. Resolves after `open` was called.
 *
 * @throws {CcpError} `connection_refused`, `host_not_found`, `connect_timeout`, `connect_failed`,
 *   `tls_failed`, `cancelled`
 */
export async function connect(options: ConnectOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const attempt = new ConnectAttempt(options, resolve, reject);
  attempt.start();
  await promise;
}

/** Bun.connect has no time limit and no way to be cancelled, so a late socket is closed here. */
class ConnectAttempt {
  readonly #options: ConnectOptions;
  readonly #resolve: () => void;
  readonly #reject: (error: CcpError) => void;
  readonly #timer: ReturnType<typeof setTimeout>;
  #settled = false;
  #socket: Socket<SocketData> | undefined;

  constructor(options: ConnectOptions, resolve: () => void, reject: (error: CcpError) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(this.#onTimeout, options.timeoutMs);
    options.signal?.addEventListener("abort", this.#onCancel, { once: true });
  }

  get #target(): string {
    return formatAddress(this.#options);
  }

  start(): void {
    if (this.#options.signal?.aborted === true) this.#onCancel();
    else this.#dial().catch((error: unknown) => this.#fail(connectError(this.#options, error)));
  }

  /** Bun.connect throws some errors and rejects with others; this rejects with all. */
  async #dial(): Promise<void> {
    const { host, port, tls, onHandlerError } = this.#options;
    await Bun.connect<SocketData>({
      hostname: host,
      port,
      allowHalfOpen: true,
      ...(tls === undefined ? {} : { tls: clientTls(tls, host) }),
      data: undefined,
      socket: {
        open: (socket) => this.#onOpen(socket),
        handshake: (socket, success, error) => this.#onHandshake(socket, success, error),
        data: (socket, chunk) => socket.data?.onData(chunk),
        drain: (socket) => socket.data?.onDrain(),
        end: (socket) => socket.data?.onEnd(),
        close: (socket) => this.#onClose(socket),
        error: (socket, error) => {
          onHandlerError(error);
          socket.terminate();
        },
        connectError: (_socket, error) => this.#fail(connectError(this.#options, error)),
      },
    });
  }

  #onOpen(socket: Socket<SocketData>): void {
    this.#socket = socket;
    if (this.#settled) socket.terminate();
    else if (this.#options.tls === undefined) this.#succeed(socket);
  }

  #onHandshake(socket: Socket<SocketData>, success: boolean, error: Error | null): void {
    if (this.#settled) return;
    if (success && socket.authorized) {
      this.#succeed(socket);
      return;
    }
    const why = error?.message ?? "the certificate was not accepted";
    this.#fail(
      new CcpError("tls_failed", `TLS with ${this.#target} failed: ${why}`, { cause: error }),
    );
    socket.terminate();
  }

  #onClose(socket: Socket<SocketData>): void {
    if (!this.#settled) {
      const text = `${this.#target} closed the connection before it was set up`;
      this.#fail(new CcpError(this.#options.tls ? "tls_failed" : "connect_failed", text));
    }
    socket.data?.onClose();
  }

  #succeed(socket: Socket<SocketData>): void {
    if (!this.#settle()) return;
    // Types do not know it, but an endpoint that reset the connection meanwhile has no address.
    const host: string | undefined = socket.remoteAddress;
    const address = { host: normalizeHost(host ?? this.#options.host), port: this.#options.port };
    socket.data = this.#options.open(socket, address);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#resolve();
  }

  #fail(error: CcpError): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onCancel);
    return true;
  }

  readonly #onTimeout = (): void => {
    const { timeoutMs } = this.#options;
    const text =
      this.#socket === undefined
        ? `${this.#target} did not answer within ${timeoutMs} ms; is a firewall in between?`
        : `${this.#target} did not finish the TLS handshake within ${timeoutMs} ms; does it speak TLS?`;
    this.#fail(new CcpError("connect_timeout", text));
    this.#socket?.terminate();
  };

  readonly #onCancel = (): void => {
    const { signal } = this.#options;
    const text = `dialling ${this.#target} was cancelled`;
    this.#fail(new CcpError("cancelled", text, { cause: signal?.reason }));
    this.#socket?.terminate();
  };
}
