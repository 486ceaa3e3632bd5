/** A player of Minecraft that sees nothing: mineflayer, in a process of its own. */

import type { Subprocess } from "bun";
import * as v from "valibot";
import { TempFolder } from "../temp-folder.ts";
import { until } from "../turns.ts";

const JOIN_MS = 20_000;
const HEARD_CHARS_MAX = 65_536;

/** Says the lines that it reads, and prints what it sees. */
const PROGRAM = `
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");
const { packages, port, username, version } = JSON.parse(process.argv[2]);
const { createBot } = createRequire(packages + "/x")("mineflayer");
const quiet = { auth: "offline", viewDistance: "tiny", physicsEnabled: false };
const bot = createBot({ host: "127.0.0.1", port, username, version, ...quiet });
const tell = (what, text) => console.log(JSON.stringify({ what, text: String(text) }));
bot.once("spawn", () => tell("joined", username));
bot.on("messagestr", (text) => tell("line", text));
bot.on("kicked", (reason) => tell("trouble", JSON.stringify(reason)));
bot.on("error", (error) => tell("trouble", error));
bot.on("end", () => process.exit());
const input = createInterface({ input: process.stdin });
input.on("line", (line) => bot.chat(line)).on("close", () => process.exit());
`;

const ToldSchema = v.object({ what: v.picklist(["joined", "line", "trouble"]), text: v.string() });

export interface MinecraftPlayerOptions {
  /** The folder where mineflayer is installed. */
  readonly packages: string;
  readonly version: string;
  readonly port: number;
  readonly name: string;
}

export class MinecraftPlayer implements AsyncDisposable {
  /** All lines that it saw. */
  readonly heard: string[] = [];
  readonly #folder: TempFolder;
  readonly #child: Subprocess<"pipe", "pipe", "ignore">;
  #state: "joining" | "joined" | "gone" = "joining";
  #trouble = "";

  /** Resolves once it is in the game. */
  static async join(options: MinecraftPlayerOptions): Promise<MinecraftPlayer> {
    const folder = await TempFolder.create({ "player.cjs": PROGRAM });
    const player = new MinecraftPlayer(folder, options);
    try {
      await until(() => player.#state !== "joining", JOIN_MS);
      if (player.#state === "gone") throw new Error(`the player ended: ${player.#trouble}`);
    } catch (error) {
      await player[Symbol.asyncDispose]();
      throw error;
    }
    return player;
  }

  private constructor(
    folder: TempFolder,
    { packages, port, name, version }: MinecraftPlayerOptions,
  ) {
    this.#folder = folder;
    const given = JSON.stringify({ packages, port, username: name, version });
    this.#child = Bun.spawn(["node", folder.at("player.cjs"), given], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    void this.#listen();
  }

  say(text: string): void {
    void this.#child.stdin.write(`${text}\n`);
    void this.#child.stdin.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = (lines.pop() ?? "").slice(-HEARD_CHARS_MAX);
      for (const line of lines) this.#take(line);
    }
    this.#state = "gone";
  }

  #take(line: string): void {
    if (!line.startsWith("{")) return;
    const { what, text } = v.parse(ToldSchema, JSON.parse(line));
    if (what === "line") this.heard.push(text);
    else if (what === "trouble") this.#trouble += `${text} `;
    else this.#state = "joined";
  }
}
