/** Real servers of the games with an external console, in folders and on ports of their own. */

import { existsSync } from "node:fs";
import { TempFolder } from "../temp-folder.ts";

const START_MS = 4000;

export const PASSWORD = "open sesame";

export interface EconServerKind {
  readonly name: string;
  readonly binary: string;
  readonly settings: readonly string[];
  /** Where its console listens. */
  readonly econHost: string;
  /** A map it brings along, other than the one it starts with. */
  readonly otherMap: string;
  readonly firstMap: string;
}

export const TEEWORLDS: EconServerKind = {
  name: "Teeworlds",
  binary: "/usr/games/teeworlds-server",
  settings: ["sv_map dm1"],
  econHost: "127.0.0.1",
  firstMap: "dm1",
  otherMap: "dm2",
};

export const DDNET: EconServerKind = {
  name: "DDNet",
  binary: "/usr/games/DDNet-Server",
  settings: ["sv_ipv4only 1", "sv_map Tutorial"],
  // It binds an IPv6 address made of the same bytes, too, and there is none for 127.0.0.1.
  econHost: "0.0.0.0",
  firstMap: "Tutorial",
  otherMap: "Tsunami",
};

export interface EconPorts {
  readonly gamePort: number;
  readonly econPort: number;
}

export class EconServer implements AsyncDisposable {
  readonly gamePort: number;
  readonly econPort: number;
  readonly #folder: TempFolder;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #output = "";
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  /** `undefined` where it is not installed, or cannot open its console: DDNet needs IPv6 for that. */
  static async start(kind: EconServerKind, ...settings: string[]): Promise<EconServer | undefined> {
    return await EconServer.startOn(kind, { gamePort: freePort(), econPort: freePort() }, settings);
  }

  /** As {@link start}, on ports that another one has had. */
  static async startOn(
    kind: EconServerKind,
    ports: EconPorts,
    settings: readonly string[] = [],
  ): Promise<EconServer | undefined> {
    if (!existsSync(kind.binary)) return undefined;
    const server = new EconServer(kind, { ...ports, folder: await TempFolder.create() }, settings);
    if (await server.#printed(/econ\]?: (bound to|couldn't open)/, "bound to")) return server;
    await server[Symbol.asyncDispose]();
    return undefined;
  }

  private constructor(
    kind: EconServerKind,
    { folder, gamePort, econPort }: EconPorts & { readonly folder: TempFolder },
    settings: readonly string[],
  ) {
    this.#folder = folder;
    this.gamePort = gamePort;
    this.econPort = econPort;
    const all = [
      "bindaddr 127.0.0.1",
      `sv_port ${this.gamePort}`,
      "sv_register 0",
      "sv_spamprotection 0",
      `ec_bindaddr ${kind.econHost}`,
      `ec_port ${this.econPort}`,
      `ec_password "${PASSWORD}"`,
      "ec_output_level 1",
      ...kind.settings,
      ...settings,
    ];
    this.#child = Bun.spawn([kind.binary, all.join("; ")], {
      cwd: folder.path,
      env: { ...process.env, HOME: folder.path, XDG_DATA_HOME: folder.path },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    void this.#drain(this.#child.stdout);
    void this.#drain(this.#child.stderr);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #printed(pattern: RegExp, wanted: string): Promise<boolean> {
    const ended = this.#child.exited.then(() => "ended" as const);
    const late = Bun.sleep(START_MS).then(() => "late" as const);
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match[1] === wanted;
      const news = this.#news.promise.then(() => "news" as const);
      if ((await Promise.race([news, ended, late])) !== "news") return false;
    }
  }

  async #drain(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output += decoder.decode(chunk, { stream: true });
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
