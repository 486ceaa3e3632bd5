import { errorText, type SayOutcome } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import { connectRcon, type RconClient, type RconDialect, RconError } from "../rcon.ts";
import { sessionEndOf } from "../session-end.ts";
import { addressText } from "../tcp-connection.ts";
import { UNANSWERED_MAX } from "./limits.ts";
import type { Console, ConsoleEvents, OpenConsole } from "./parts.ts";

export interface RconConsoleOptions {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly dialect: RconDialect;
  /** For the whole reply to a command. Default: the client's. */
  readonly requestTimeoutMs?: number;
}

/** RCON, of which nothing is read. */
export class RconConsole implements Console {
  readonly where: string;
  readonly #options: RconConsoleOptions;

  constructor(options: RconConsoleOptions) {
    this.where = `RCON ${addressText(options.host, options.port)}`;
    this.#options = options;
  }

  open(events: ConsoleEvents): OpenConsole {
    return new RconConnection(this.#options, events);
  }
}

class RconConnection implements OpenConsole {
  readonly #options: RconConsoleOptions;
  readonly #events: ConsoleEvents;
  readonly #abort = new AbortController();
  #client: RconClient | undefined;
  #state: "connecting" | "ready" | "over" = "connecting";
  /** Commands in a row that were not answered. */
  #unanswered = 0;

  constructor(options: RconConsoleOptions, events: ConsoleEvents) {
    this.#options = options;
    this.#events = events;
    void this.#run();
  }

  async send(command: string): Promise<SayOutcome> {
    const client = this.#client;
    if (this.#state !== "ready" || client === undefined) return "down";
    try {
      await client.request(command);
      this.#unanswered = 0;
      return "sent";
    } catch (error) {
      return this.#outcomeOf(error);
    }
  }

  async close(): Promise<void> {
    this.#state = "over";
    this.#abort.abort();
    this.#client?.close();
  }

  async #run(): Promise<void> {
    try {
      const { requestTimeoutMs, ...options } = this.#options;
      const limits = requestTimeoutMs === undefined ? {} : { requestTimeoutMs };
      const client = await connectRcon({ ...options, limits, signal: this.#abort.signal });
      if (this.#isOver()) {
        client.close();
        return;
      }
      this.#client = client;
      this.#state = "ready";
      this.#events.onReady();
      this.#end(await client.closed);
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    if (this.#isOver()) return;
    const wasReady = this.#state === "ready";
    this.#state = "over";
    this.#events.onOver(endOf(error, wasReady));
  }

  #outcomeOf(error: unknown): SayOutcome {
    const code = error instanceof RconError ? error.code : undefined;
    switch (code) {
      case "queue_full":
        return "queue_full";
      case "closed":
        return "down";
      case "timeout":
        this.#unanswered++;
        if (this.#unanswered >= UNANSWERED_MAX) this.#giveUp();
        return "failed";
      case "reply_too_long":
        // It was carried out.
        this.#unanswered = 0;
        return "sent";
      default:
        return "failed";
    }
  }

  /** A machine that is gone closes no connection. */
  #giveUp(): void {
    const text = `${this.#where} has not answered ${UNANSWERED_MAX} commands in a row`;
    this.#end(new RconError("timeout", text));
    this.#client?.close();
  }

  get #where(): string {
    return addressText(this.#options.host, this.#options.port);
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isOver(): boolean {
    return this.#state === "over";
  }
}

function endOf(error: unknown, wasReady: boolean): SessionEnd {
  if (error instanceof RconError) return sessionEndOf(error, wasReady);
  return { kind: "failed", text: errorText(error) };
}
