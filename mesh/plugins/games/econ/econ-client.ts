import { type Clock, SYSTEM_CLOCK } from "../../../index.ts";
import { type Dial, dialTcp, type TcpConnection } from "../tcp-connection.ts";
import type { Overrides } from "../text-reading.ts";
import { EconError } from "./econ-error.ts";
import type { EconEvent } from "./econ-event.ts";
import { EconSession } from "./econ-session.ts";
import { LOGIN_TIMEOUT_MS, QUEUE_BYTES_MAX } from "./limits.ts";
import { passwordProblem } from "./password.ts";

export interface EconClientOptions {
  readonly host: string;
  readonly port: number;
  /** The server's `ec_password`. */
  readonly password: string;
  /** See `EconSessionOptions`. */
  readonly overrides?: Overrides | undefined;
  readonly onEvent: (event: EconEvent) => void;
  /** See `EconSessionOwner`. */
  readonly onLine?: (line: string, isUnderstood: boolean) => void;
  /** Called once, last, never before `openEcon` returns; without an error if `close` was called. */
  readonly onClosed: (error: EconError | undefined) => void;
  /** Default: TCP. */
  readonly dial?: Dial;
  readonly clock?: Clock;
}

/** One connection to the external console of a Teeworlds or DDNet server. Whoever opens it opens the next. */
export interface EconClient {
  /** See `EconSession.run`. */
  run(command: string): boolean;
  close(): void;
}

/**
 * @throws {EconError} `invalid_option`
 */
export function openEcon(options: EconClientOptions): EconClient {
  const problem = passwordProblem(options.password);
  if (problem !== undefined) {
    throw new EconError("invalid_option", `the password of an external console ${problem}`);
  }
  return new Connection(options);
}

class Connection implements EconClient {
  readonly #options: EconClientOptions;
  readonly #where: string;
  readonly #abort = new AbortController();
  readonly #session: EconSession;
  #connection: TcpConnection | undefined;
  #stopTimer: () => void = () => {};

  constructor(options: EconClientOptions) {
    this.#options = options;
    this.#where = `${options.host} port ${options.port}`;
    this.#session = new EconSession(
      { password: options.password, where: this.#where, overrides: options.overrides },
      {
        send: (text) => this.#send(text),
        setDeadline: (afterMs) => this.#setDeadline(afterMs),
        onEvent: (event) => options.onEvent(event),
        onLine: options.onLine,
        onFailed: (error) => this.#end(error),
      },
    );
    void this.#connect();
  }

  run(command: string): boolean {
    return this.#session.run(command);
  }

  close(): void {
    this.#end(undefined);
  }

  async #connect(): Promise<void> {
    const { host, port, dial = dialTcp } = this.#options;
    const { signal } = this.#abort;
    try {
      await dial(
        { host, port, timeoutMs: LOGIN_TIMEOUT_MS, queueBytesMax: QUEUE_BYTES_MAX, signal },
        {
          onOpen: (connection) => this.#onOpen(connection),
          onData: (chunk) => this.#session.onData(chunk),
          onDrain: () => undefined,
          onClosed: (cause) => this.#onEnd(cause),
        },
      );
    } catch (cause) {
      const text = `cannot connect to the external console at ${this.#where}: see that the server runs with ec_port ${this.#options.port} and an ec_password; after a restart it may lack the port for a minute`;
      this.#end(new EconError("connect_failed", text, { cause }));
    }
  }

  #onOpen(connection: TcpConnection): void {
    if (this.#abort.signal.aborted) connection.close();
    else this.#connection = connection;
  }

  #onEnd(cause: unknown): void {
    if (cause === undefined) this.#session.onEnd();
    else {
      const text = `external console of ${this.#where}: the connection failed`;
      this.#end(new EconError("closed", text, { cause }));
    }
  }

  #setDeadline(afterMs: number): void {
    this.#stopTimer();
    const { clock = SYSTEM_CLOCK } = this.#options;
    this.#stopTimer = clock.after(afterMs, () => this.#session.onDeadline());
  }

  #send(text: string): boolean {
    return this.#connection?.write(Buffer.from(text)) ?? false;
  }

  #end(error: EconError | undefined): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#stopTimer();
    this.#session.close();
    // Whoever closes first keeps its port for a minute, and a console whose port is taken stays away without a
    // word: hence no logout, on which the server would close.
    this.#connection?.close();
    // Not within a call of the owner's, which may be about to open the next one.
    queueMicrotask(() => this.#options.onClosed(error));
  }
}
