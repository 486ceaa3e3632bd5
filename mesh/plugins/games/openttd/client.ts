/**
 * The client of an OpenTTD server's admin port: one connection, from joining to its end. To connect again is its
 * owner's affair.
 */

import { type Clock, SYSTEM_CLOCK } from "../../../index.ts";
import { addressText, type Dial, type TcpConnection } from "../tcp-connection.ts";
import { dial } from "./dial.ts";
import type { OpenttdEvent, OpenttdPlayer, OpenttdServerInfo } from "./events.ts";
import { DEFAULT_OPENTTD_LIMITS, type OpenttdLimits } from "./limits.ts";
import type { OpenttdError } from "./openttd-error.ts";
import type { RconReply } from "./rcon-queue.ts";
import { Session } from "./session.ts";
import type { SaidLine, SayOutcome, SpeechColour, SpeechMode, TellOutcome } from "./speech.ts";

export interface OpenttdClientOptions {
  readonly host: string;
  /** `server_admin_port` in openttd.cfg. Default: 3977. */
  readonly port?: number;
  /** `admin_password` there. It travels in clear: to another machine through a tunnel only. */
  readonly password: string;
  /** It is let in, and knows who plays; called before any event, and before the promise resolves. */
  readonly onUp?: (client: OpenttdClient) => void;
  readonly onEvent: (event: OpenttdEvent) => void;
  /** `onUp` or `onEvent` threw; the client goes on. Default: the error is thrown where nobody catches it. */
  readonly onCallbackError?: (error: unknown) => void;
  /** Gives up connecting and joining; does nothing afterwards. */
  readonly signal?: AbortSignal;
  /** Default: `auto`. */
  readonly speech?: SpeechMode;
  /** Of the lines that are said. Default: `light_brown`. */
  readonly colour?: SpeechColour;
  readonly limits?: Readonly<Partial<OpenttdLimits>>;
  readonly clock?: Clock;
  /** Makes the connection. Default: over TCP. */
  readonly dial?: Dial;
}

export interface OpenttdClient {
  /** As it was when the client joined; a `map` event tells of another. */
  readonly server: OpenttdServerInfo;
  /** Who plays now. */
  readonly players: readonly OpenttdPlayer[];
  /** Resolves when the connection is over, with why; `cancelled` after `close`. */
  readonly closed: Promise<OpenttdError>;
  /** See `Session.say`. */
  say(line: SaidLine | string): SayOutcome;
  /** See `Session.tell`. */
  tell(id: number, text: string): TellOutcome;
  /** See `Session.rcon`. */
  rcon(command: string, options?: { readonly timeoutMs?: number }): Promise<RconReply>;
  /** Says goodbye; `closed` resolves at once, the connection closes behind it. */
  close(): void;
}

export const DEFAULT_PORT = 3977;

/**
 * Connects, joins, and learns who plays. No event is told before.
 *
 * @throws {OpenttdError} any but `queue_full` and `invalid_command`
 */
export async function connectOpenttd(options: OpenttdClientOptions): Promise<OpenttdClient> {
  const connection = new Connection(options);
  return await connection.join();
}

class Connection {
  readonly #options: OpenttdClientOptions;
  readonly #limits: OpenttdLimits;
  readonly #session: Session;
  readonly #up = Promise.withResolvers<OpenttdClient>();
  readonly #closed = Promise.withResolvers<OpenttdError>();
  #line: TcpConnection | undefined;

  constructor(options: OpenttdClientOptions) {
    const { password, clock = SYSTEM_CLOCK } = options;
    this.#options = options;
    this.#limits = { ...DEFAULT_OPENTTD_LIMITS, ...options.limits };
    // Whoever joins hears of it, at once or soon.
    this.#up.promise.catch(() => undefined);
    this.#session = new Session({
      password,
      where: this.#where,
      speech: options.speech ?? "auto",
      colour: options.colour ?? "light_brown",
      limits: this.#limits,
      clock,
      output: { send: (bytes) => this.#line?.write(bytes) ?? false },
      handler: {
        onUp: (server) => this.#onUp(this.#clientOf(server)),
        onEvent: (event) => this.#tell(() => options.onEvent(event)),
        onDown: (error) => this.#onDown(error),
      },
    });
  }

  get #where(): string {
    const { host, port = DEFAULT_PORT } = this.#options;
    return addressText(host, port);
  }

  async join(): Promise<OpenttdClient> {
    const { host, port = DEFAULT_PORT, signal, dial: dialLine = dial } = this.#options;
    const { connectTimeoutMs, queueBytesMax } = this.#limits;
    const session = this.#session;
    const onAbort = (): void => session.close();
    await dialLine(
      { host, port, timeoutMs: connectTimeoutMs, queueBytesMax, signal },
      {
        onOpen: (line) => {
          this.#line = line;
          signal?.addEventListener("abort", onAbort, { once: true });
          session.start();
        },
        onData: (chunk) => session.receive(chunk),
        onDrain: () => undefined,
        onClosed: (cause) => session.onClosed(cause),
      },
    );
    try {
      return await this.#up.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #clientOf(server: OpenttdServerInfo): OpenttdClient {
    const session = this.#session;
    return {
      server,
      get players() {
        return session.players;
      },
      closed: this.#closed.promise,
      say: (line) => session.say(line),
      tell: (id, text) => session.tell(id, text),
      rcon: (command, { timeoutMs } = {}) => session.rcon(command, timeoutMs),
      close: () => session.close(),
    };
  }

  #onUp(client: OpenttdClient): void {
    this.#up.resolve(client);
    this.#tell(() => this.#options.onUp?.(client));
  }

  #onDown(error: OpenttdError): void {
    this.#line?.close(this.#limits.closeTimeoutMs);
    this.#up.reject(error);
    this.#closed.resolve(error);
  }

  #tell(callBack: () => void): void {
    try {
      callBack();
    } catch (error) {
      const { onCallbackError } = this.#options;
      if (onCallbackError !== undefined) {
        onCallbackError(error);
        return;
      }
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
