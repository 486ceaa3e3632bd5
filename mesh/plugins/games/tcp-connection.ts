/** The one file of the games' clients that touches a socket. */

import type { Socket } from "bun";
import { type Cancel, SYSTEM_CLOCK } from "../../index.ts";

export interface TcpConnection {
  /** Queues bytes; answers `false` if so many wait already that these were dropped, or it is closed. */
  write(bytes: Uint8Array): boolean;
  /** Whether bytes wait for the other side; `onDrain` follows. */
  readonly busy: boolean;
  /** Closes at once; given a time, once what waits is taken or that is over. Nothing is called any more. */
  close(flushTimeoutMs?: number): void;
}

export interface TcpHandler {
  onOpen(connection: TcpConnection): void;
  onData(chunk: Buffer): void;
  /** Nothing waits any more. */
  onDrain(): void;
  /** Called once, last, unless this side closed it; with what broke it, if that is known. */
  onClosed(cause: unknown): void;
  /** The socket, once open, is gone, whoever closed it. */
  onGone?(): void;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** What may wait to be taken by the other side. */
  readonly queueBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves once `onOpen` was called; rejects with a `DialError`. */
export type Dial = (options: DialOptions, handler: TcpHandler) => Promise<void>;

/** `refused`: nobody listens there; `failed`: another reason, such as a name that does not resolve. */
export type DialErrorCode = "refused" | "failed" | "timeout" | "cancelled";

/** Why no connection came about; each client tells its owner in its own words. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly code: DialErrorCode;

  constructor(code: DialErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Silence after which the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 60_000;

/** Bun.connect has no time limit and no way to be cancelled, so that a late socket is closed when it opens. */
export const dialTcp: Dial = async (options, handler) => {
  const { host, port, timeoutMs, queueBytesMax, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = new SocketConnection(handler, queueBytesMax, resolve);
  const giveUp = (error: DialError): void => {
    connection.giveUp();
    reject(error);
  };
  const onAbort = (): void => {
    giveUp(new DialError("cancelled", "given up", { cause: signal?.reason }));
  };
  const cancelTimer = SYSTEM_CLOCK.after(timeoutMs, () => {
    giveUp(new DialError("timeout", `no answer within ${timeoutMs} ms`));
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal?.aborted === true) onAbort();
    else connection.dial(host, port).catch((cause: unknown) => giveUp(dialError(cause)));
    await promise;
  } finally {
    cancelTimer();
    signal?.removeEventListener("abort", onAbort);
  }
};

/** As an address is written, for errors. */
export function addressText(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function dialError(cause: unknown): DialError {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : "";
  return new DialError(code === "ECONNREFUSED" ? "refused" : "failed", String(code || cause), {
    cause,
  });
}

type ConnectionState = "dialling" | "open" | "closing" | "closed";

const NEXT_STATES: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  dialling: ["open", "closed"],
  open: ["closing", "closed"],
  closing: ["closed"],
  closed: [],
};

/** A socket takes as much as it likes; the rest waits here. */
class SocketConnection implements TcpConnection {
  readonly #handler: TcpHandler;
  readonly #queueBytesMax: number;
  readonly #onOpen: () => void;
  #socket: Socket | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #state: ConnectionState = "dialling";
  #cancelDeadline: Cancel = () => undefined;

  constructor(handler: TcpHandler, queueBytesMax: number, onOpen: () => void) {
    this.#handler = handler;
    this.#queueBytesMax = queueBytesMax;
    this.#onOpen = onOpen;
  }

  get busy(): boolean {
    return this.#waitingBytes > 0;
  }

  async dial(hostname: string, port: number): Promise<void> {
    await Bun.connect({
      hostname,
      port,
      allowHalfOpen: true,
      socket: {
        open: (socket) => this.#opened(socket),
        data: (_socket, chunk) => {
          if (this.#state === "open") this.#handler.onData(chunk);
        },
        drain: () => this.#drained(),
        end: (socket) => this.#endedByPeer(socket),
        close: () => {
          this.#ended(undefined);
          this.#handler.onGone?.();
        },
        // Of the connection, or of the handler, which must not go on then.
        error: (socket, error) => {
          this.#ended(error);
          socket.terminate();
        },
      },
    });
  }

  /** The dial is over; what is open already stays. */
  giveUp(): void {
    if (this.#state === "dialling") this.#enter("closed");
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open" || this.#waitingBytes + bytes.length > this.#queueBytesMax) {
      return false;
    }
    const wasBusy = this.busy;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!wasBusy) this.#flush();
    return true;
  }

  close(flushTimeoutMs = 0): void {
    if (this.#state !== "open") return;
    if (flushTimeoutMs === 0) {
      const socket = this.#socket;
      this.#enter("closed");
      socket?.end();
      return;
    }
    this.#enter("closing");
    this.#cancelDeadline = SYSTEM_CLOCK.after(flushTimeoutMs, () => this.#socket?.terminate());
    this.#flush();
  }

  #opened(socket: Socket): void {
    if (this.#state !== "dialling") {
      socket.terminate();
      return;
    }
    this.#socket = socket;
    this.#enter("open");
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#onOpen();
    this.#handler.onOpen(this);
  }

  #drained(): void {
    if (!this.busy) return;
    this.#flush();
    if (!this.busy && this.#state === "open") this.#handler.onDrain();
  }

  /**
   * Answered with a reset, where nothing is to be said any more: whoever closes first keeps its port for a minute
   * otherwise, and a game server that starts again may have to do without its console for so long.
   */
  #endedByPeer(socket: Socket): void {
    const wasOpen = this.#state === "open";
    this.#ended(undefined);
    if (wasOpen) socket.terminate();
    else socket.end();
  }

  #ended(cause: unknown): void {
    const wasOpen = this.#state === "open";
    if (wasOpen || this.#state === "closing") this.#enter("closed");
    if (wasOpen) this.#handler.onClosed(cause);
  }

  #enter(state: ConnectionState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a connection cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
    if (state !== "closed") return;
    this.#cancelDeadline();
    this.#socket = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #flush(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const taken = this.#socket?.write(first) ?? -1;
      // Closed; its handler is called.
      if (taken < 0) return;
      this.#waitingBytes -= taken;
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
    // The other side closes then, or the deadline does.
    if (this.#state === "closing") this.#socket?.shutdown();
  }
}
