/** A player of BZFlag that sees nothing: bzadmin, typed into. */

import { existsSync } from "node:fs";
import type { Subprocess } from "bun";
import { until } from "../turns.ts";

const BINARY: string = Bun.which("bzadmin") ?? "/usr/games/bzadmin";
const PATIENCE_MS = 20_000;

export class BzflagPlayer implements AsyncDisposable {
  readonly name: string;
  /** What others said, as `Bob: hi`, without the indentation. */
  readonly heard: string[] = [];
  readonly #child: Subprocess<"pipe", "pipe", "ignore">;
  #rest = "";

  /** Resolves once it is in the game, as an observer. */
  static async join(
    port: number,
    name: string,
    patienceMs: number = PATIENCE_MS,
  ): Promise<BzflagPlayer> {
    if (!existsSync(BINARY)) throw new Error("bzadmin is not installed");
    const player = new BzflagPlayer(port, name);
    try {
      await player.hears(`*** '${name}' joined the game as Observer.`, patienceMs);
    } catch (error) {
      await player[Symbol.asyncDispose]();
      throw error;
    }
    return player;
  }

  private constructor(port: number, name: string) {
    this.name = name;
    this.#child = Bun.spawn([BINARY, "-ui", "stdboth", `${name}@127.0.0.1:${port}`], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    void this.#listen();
  }

  /** Says it to all. It takes a tenth of a second for each character, unless the server has much to tell. */
  say(text: string): void {
    // The many lines with which the server answers let the next one through at once.
    this.type("/?");
    this.type(text);
  }

  /** Types a line, which may be a command. */
  type(line: string): void {
    void this.#child.stdin.write(`${line}\n`);
    void this.#child.stdin.flush();
  }

  /** Resolves once it has heard exactly this, or has. */
  async hears(line: string, patienceMs: number = PATIENCE_MS): Promise<void> {
    await until(() => this.heard.includes(line), patienceMs);
  }

  /** Leaves the game. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (this.#rest + decoder.decode(chunk, { stream: true })).split("\n");
      this.#rest = lines.pop() ?? "";
      this.heard.push(...lines.map((line) => line.replace(/^ {4}/, "")));
    }
  }
}
