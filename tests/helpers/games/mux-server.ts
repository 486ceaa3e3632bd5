/** A real TinyMUX server on this machine, in a folder of its own, with a channel Public. */

import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { Subprocess } from "bun";
import { ByteStream } from "../byte-stream.ts";
import { TempFolder } from "../temp-folder.ts";
import { freePort } from "./free-port.ts";
import { MuxPlayer } from "./mux-player.ts";

/** Puts a game into the folder where it runs. */
const INSTALLER = "/usr/games/tinymux-install";

/** Whether there is one to be started; tests that need it are skipped where there is not. */
export const HAS_MUX: boolean = existsSync(INSTALLER);

/** The first player, who may do everything. */
export const WIZARD = "wizard";
export const WIZARD_PASSWORD = "potrzebie";

const START_MS = 15_000;

export class MuxServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TempFolder;
  #child: Subprocess<"ignore", "ignore", "ignore"> | undefined;

  /** Starts one, and waits until it takes connections. */
  static async start(): Promise<MuxServer> {
    if (!HAS_MUX) throw new Error("TinyMUX is not installed");
    const server = new MuxServer(freePort(), await TempFolder.create());
    try {
      await server.#install();
      await server.restart();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  private constructor(port: number, folder: TempFolder) {
    this.port = port;
    this.#folder = folder;
  }

  /** Without a chance to save anything. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    try {
      // With its helpers, which would stay.
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.exited;
  }

  /** Kills it if it runs, and starts it again on the same port. */
  async restart(): Promise<void> {
    await this.kill();
    const cwd = this.#folder.at("tinymux/game");
    this.#child = Bun.spawn(["./bin/netmux", "-c", "netmux.conf", "-p", "netmux.pid", "-e", "."], {
      cwd,
      env: { ...process.env, LD_LIBRARY_PATH: "./bin" },
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    });
    await this.#listening();
    // What was not saved is gone after each kill.
    using wizard = MuxPlayer.connect(this.port);
    wizard.type(`connect ${WIZARD} ${WIZARD_PASSWORD}`);
    wizard.type("@ccreate Public");
    // Its node may have been first.
    await wizard.hears(/^Channel Public (?:created|already exists)\.$/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #install(): Promise<void> {
    const installer = Bun.spawn([INSTALLER], {
      cwd: this.#folder.path,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await installer.exited;
    const settings = [
      "",
      "ip_address 127.0.0.1",
      `port ${this.port}`,
      // It takes a hundred commands at once, and then one a second, unless it is told to take more.
      "command_quota_max 10000",
      "command_quota_increment 1000",
      "",
    ];
    await appendFile(this.#folder.at("tinymux/game/netmux.conf"), settings.join("\n"));
  }

  async #listening(): Promise<void> {
    const deadlineMs = performance.now() + START_MS;
    for (;;) {
      try {
        (await ByteStream.connect(this.port)).destroy();
        return;
      } catch (error) {
        if (this.#child?.exitCode !== null || performance.now() > deadlineMs) throw error;
        await Bun.sleep(20);
      }
    }
  }
}
