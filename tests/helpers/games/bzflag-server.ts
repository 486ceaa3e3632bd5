/** A real BZFlag server on this machine, whose output stands in a file, too. */

import { appendFileSync, existsSync } from "node:fs";
import type { Subprocess } from "bun";
import { TempFolder } from "../temp-folder.ts";
import { until } from "../turns.ts";
import { freePort } from "./free-port.ts";

/** Debian puts games where few paths lead. */
const BINARY: string = Bun.which("bzfs") ?? "/usr/games/bzfs";
const LOG_DETAIL = "/usr/lib/bzflag-server/logDetail.so";

/** Whether there is one to be started, and bzadmin to go with it. */
export const HAS_BZFLAG: boolean =
  existsSync(BINARY) &&
  existsSync(LOG_DETAIL) &&
  (Bun.which("bzadmin") !== null || existsSync("/usr/games/bzadmin"));

export const BZFLAG_PASSWORD = "open-sesame";

const START_MS = 10_000;
const OUTPUT_CHARS_MAX = 262_144;

/** What starts a server on this port. */
export function bzfsWords(port: number): readonly [string, ...string[]] {
  const address = ["-i", "127.0.0.1", "-p", String(port)];
  return [BINARY, ...address, "-passwd", BZFLAG_PASSWORD, "-ts", "-loadplugin", LOG_DETAIL];
}

export class BzflagServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TempFolder;
  #child: Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #output = "";

  static async start(): Promise<BzflagServer> {
    const server = new BzflagServer(freePort(), await TempFolder.create({ "bzfs.log": "" }));
    try {
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

  /** The file to which its output is written. */
  get log(): string {
    return this.#folder.at("bzfs.log");
  }

  /** What it printed so far, in all its lives. */
  get output(): string {
    return this.#output;
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  /** Kills it if it runs, and starts it again on the same port. */
  async restart(): Promise<void> {
    await this.kill();
    const from = this.#output.length;
    this.#child = Bun.spawn([...bzfsWords(this.port)], {
      cwd: this.#folder.path,
      env: { ...process.env, HOME: this.#folder.path },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#note(this.#child.stdout);
    this.#note(this.#child.stderr);
    await until(() => this.#output.slice(from).includes("SERVER-STATUS Running"), START_MS);
  }

  /** Resolves once it has printed this. */
  async printed(text: string): Promise<void> {
    await until(() => this.#output.includes(text), START_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  #note(stream: ReadableStream<Uint8Array>): void {
    void (async (): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        const text = decoder.decode(chunk, { stream: true });
        this.#output = (this.#output + text).slice(-OUTPUT_CHARS_MAX);
        if (existsSync(this.log)) appendFileSync(this.log, text);
      }
    })();
  }
}
