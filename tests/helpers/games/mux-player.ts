/** A player of a MUX: plain TCP, with what is telnet in it left out. */

import { connect, type Socket } from "node:net";
import { until } from "../turns.ts";

const WAIT_MS = 8000;

export class MuxPlayer implements Disposable {
  /** All lines that came. */
  readonly heard: string[] = [];
  readonly #socket: Socket;
  #rest = "";

  /** Creates a player, who joins the channel Public as `pub`. */
  static async join(port: number, name: string): Promise<MuxPlayer> {
    const player = MuxPlayer.connect(port);
    try {
      player.type(`create ${name} pw12345`);
      player.type("addcom pub=Public");
      await player.hears(/^Channel Public added with alias pub|^That alias is already in use/);
    } catch (error) {
      player[Symbol.dispose]();
      throw error;
    }
    return player;
  }

  /** Nobody yet. */
  static connect(port: number): MuxPlayer {
    return new MuxPlayer(port);
  }

  private constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.setEncoding("latin1").on("error", () => undefined);
    this.#socket.on("data", (text: string) => {
      const lines = (this.#rest + text).replace(/\xff[\xfb-\xfe]./gs, "").split("\r\n");
      this.#rest = lines.pop() ?? "";
      this.heard.push(...lines);
    });
  }

  /** Types a line, which is a command. */
  type(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  /** Says it on the channel. */
  say(text: string): void {
    this.type(`pub ${text}`);
  }

  /** Resolves once it has heard a line that is or matches this, or has. */
  async hears(wanted: string | RegExp): Promise<void> {
    const isWanted = (line: string): boolean =>
      typeof wanted === "string" ? line === wanted : wanted.test(line);
    await until(() => this.heard.some(isWanted), WAIT_MS);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
