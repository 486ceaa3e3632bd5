import type { Subprocess } from "bun";
import * as v from "valibot";
import type { Measure, Server, ServerStatus, Side } from "./measure.ts";
import { READY, STATUS, type StatusRequest } from "./messages.ts";
import { SCRATCH_VARIABLE, scratchRoot } from "./scratch.ts";

const CHILD = Bun.fileURLToPath(new URL("./child.ts", import.meta.url));

/** A child process that serves one side of one measure until it is disposed of. */
export class ServerProcess implements Server, AsyncDisposable {
  readonly #process: Subprocess;
  /** Asked one at a time, so there is one answer to wait for at most. */
  #answer: PromiseWithResolvers<unknown> = Promise.withResolvers();
  #port = 0;

  static async start(measure: Measure, side: Side): Promise<ServerProcess> {
    const server = new ServerProcess(measure.name, side);
    const { port } = v.parse(READY, await server.#answer.promise);
    server.#port = port;
    return server;
  }

  private constructor(name: string, side: Side) {
    this.#process = Bun.spawn([process.execPath, CHILD, name, side], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, [SCRATCH_VARIABLE]: scratchRoot() },
      ipc: (message: unknown) => this.#answer.resolve(message),
      onExit: () => this.#answer.reject(new Error(`the ${side} server of "${name}" has ended`)),
    });
  }

  get port(): number {
    return this.#port;
  }

  async status({ collect = false }: { readonly collect?: boolean } = {}): Promise<ServerStatus> {
    this.#answer = Promise.withResolvers();
    const request: StatusRequest = { collect };
    this.#process.send(request);
    return v.parse(STATUS, await this.#answer.promise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
