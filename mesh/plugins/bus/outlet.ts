import { encode, type RawReceiver } from "../../index.ts";

/** What the bus tells an application. [BUS-3] */
export interface Told {
  readonly op:
    | "hello"
    | "ok"
    | "error"
    | "message"
    | "dropped"
    | "call"
    | "cancelled"
    | "peer"
    | "presence";
  readonly [key: string]: unknown;
}

/** The way to one application. What would pile up waits for room before it is sent. */
export class Outlet {
  readonly #channel: Pick<RawReceiver, "sendData" | "drained">;
  /** While the application is behind. */
  #draining: Promise<void> | undefined;
  #isOver = false;

  constructor(channel: Pick<RawReceiver, "sendData" | "drained">) {
    this.#channel = channel;
  }

  get hasRoom(): boolean {
    return this.#draining === undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Runs `act` as soon as there is room, or the application has gone. It sends at once: of all that wait, who comes first may
   * take the room.
   */
  async whenRoom(act: () => void): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
    act();
  }

  /**
   * Does nothing once the application has gone.
   *
   * @throws {CcpError} `bad_messagepack` for a value that is nested too deeply to be put in a message
   */
  send(told: Told): void {
    if (this.#isOver) return;
    const bytes = encode(told);
    if (this.#channel.sendData(bytes)) return;
    this.#draining ??= this.#channel.drained().then(() => {
      this.#draining = undefined;
    });
  }

  close(): void {
    this.#isOver = true;
  }
}
