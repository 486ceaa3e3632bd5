/** A real OpenTTD server on this machine, in a folder of its own. */

import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { Subprocess } from "bun";
import { ByteStream } from "../byte-stream.ts";
import { TempFolder } from "../temp-folder.ts";

/** Debian puts games where few paths lead. */
const BINARY: string | undefined =
  Bun.which("openttd") ?? (existsSync("/usr/games/openttd") ? "/usr/games/openttd" : undefined);

/** Whether there is one to be started; tests that need it are skipped where there is not. */
export const HAS_OPENTTD: boolean = BINARY !== undefined;

export const ADMIN_PASSWORD = "correct horse";

/** It takes a third of a second where nothing else runs. */
const START_MS = 15_000;
const STOP_MS = 4000;

export interface OpenttdPorts {
  readonly gamePort: number;
  readonly adminPort: number;
}

export class OpenttdServer implements AsyncDisposable {
  readonly gamePort: number;
  readonly adminPort: number;
  readonly #child: Subprocess<"ignore", "pipe", "pipe">;
  readonly #folder: TempFolder;
  #output = "";

  /** Starts one, on free ports unless others are given, and waits until its admin port takes connections. */
  static async start(ports?: OpenttdPorts): Promise<OpenttdServer> {
    if (BINARY === undefined) throw new Error("OpenTTD is not installed");
    const { gamePort, adminPort } = ports ?? (await freePorts());
    const folder = await TempFolder.create({ "openttd.cfg": configOf(gamePort, adminPort) });
    const server = new OpenttdServer(BINARY, { folder, gamePort, adminPort });
    try {
      await server.#listening();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  private constructor(binary: string, place: OpenttdPorts & { readonly folder: TempFolder }) {
    this.#folder = place.folder;
    this.gamePort = place.gamePort;
    this.adminPort = place.adminPort;
    const { path } = place.folder;
    this.#child = Bun.spawn(
      [binary, "-D", `127.0.0.1:${place.gamePort}`, "-c", place.folder.at("openttd.cfg"), "-x"],
      {
        cwd: path,
        env: { ...process.env, HOME: path, XDG_DATA_HOME: path, XDG_CONFIG_HOME: path },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    this.#note(this.#child.stdout);
    this.#note(this.#child.stderr);
  }

  /** What it printed so far. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once it has ended. */
  async ended(): Promise<void> {
    await this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It may be stopped, and would not hear the rest.
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await this.#child.exited;
    clearTimeout(timer);
    await this.#folder[Symbol.asyncDispose]();
  }

  async #listening(): Promise<void> {
    const deadlineMs = performance.now() + START_MS;
    for (;;) {
      if (await accepts(this.adminPort)) return;
      if (!this.running || performance.now() > deadlineMs) {
        throw new Error(`OpenTTD did not start:\n${this.#output}`);
      }
      await Bun.sleep(20);
    }
  }

  #note(stream: ReadableStream<Uint8Array>): void {
    const decoder = new TextDecoder();
    void (async (): Promise<void> => {
      for await (const chunk of stream) {
        this.#output = (this.#output + decoder.decode(chunk, { stream: true })).slice(-65_536);
      }
    })();
  }
}

function configOf(gamePort: number, adminPort: number): string {
  return `[gui]
autosave = off

[difficulty]
max_no_competitors = 0

[game_creation]
map_x = 6
map_y = 6

[network]
server_name = Test server
client_name = Relay
server_port = ${gamePort}
server_admin_port = ${adminPort}
admin_password = ${ADMIN_PASSWORD}
server_game_type = local
`;
}

/** Two that nobody listens on now. */
async function freePorts(): Promise<OpenttdPorts> {
  const servers = [createServer(), createServer()] as const;
  const ports = [await ByteStream.listen(servers[0]), await ByteStream.listen(servers[1])] as const;
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
  const [gamePort, adminPort] = ports;
  return { gamePort, adminPort };
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await ByteStream.connect(port)).destroy();
    return true;
  } catch {
    return false;
  }
}
