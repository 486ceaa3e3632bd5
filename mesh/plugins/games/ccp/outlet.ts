import { CcpError, type RawReceiver, type SayOutcome } from "../../../index.ts";
import { QUEUE_BYTES_MAX } from "./limits.ts";
import type { NodeMessage } from "./node-message.ts";

/** The way to a game's plugin. Beyond a bound, what a game does not read is dropped. [GAME-4.3] */
export class Outlet {
  readonly #channel: Pick<RawReceiver, "sendData" | "drained">;
  /** Sent while the game is behind; it is not once this is `undefined`. */
  #behindBytes: number | undefined;

  constructor(channel: Pick<RawReceiver, "sendData" | "drained">) {
    this.#channel = channel;
  }

  send(message: NodeMessage): Extract<SayOutcome, "sent" | "queue_full" | "down"> {
    const bytes = Buffer.from(JSON.stringify(message));
    const behindBytes = (this.#behindBytes ?? 0) + bytes.length;
    if (behindBytes > QUEUE_BYTES_MAX) return "queue_full";
    try {
      const hasRoom = this.#channel.sendData(bytes);
      if (this.#behindBytes !== undefined) this.#behindBytes = behindBytes;
      else if (!hasRoom) void this.#catchUp();
    } catch (error) {
      if (error instanceof CcpError && error.code === "communication_ended") return "down";
      throw error;
    }
    return "sent";
  }

  async #catchUp(): Promise<void> {
    this.#behindBytes = 0;
    await this.#channel.drained();
    this.#behindBytes = undefined;
  }
}
