/** Nodes that are killed while they work, and programs that note what they were told is kept. */

import { field } from "./mesh-view.ts";
import { NodeProcess } from "./node-process.ts";
import { TempFolder } from "./temp-folder.ts";

export interface SoakEvent {
  readonly driver: number;
  readonly n: number;
}

/** A node that keeps its port and its data however often it is killed. */
export class SoakNode implements AsyncDisposable {
  readonly folder: TempFolder;
  #process: NodeProcess;
  #port: number;
  #isUp = true;

  static async start(files: Readonly<Record<string, string>>): Promise<SoakNode> {
    const folder = await TempFolder.create(files);
    return new SoakNode(folder, await NodeProcess.ready(folder));
  }

  private constructor(folder: TempFolder, process: NodeProcess) {
    this.folder = folder;
    this.#process = process;
    this.#port = process.port;
  }

  get port(): number {
    return this.#port;
  }

  get adminUrl(): string {
    return this.#process.adminUrl;
  }

  /** Of the operating system, until it is back. */
  async killed(): Promise<void> {
    this.#isUp = false;
    await this.#process[Symbol.asyncDispose]();
  }

  async back(): Promise<void> {
    this.#process = await NodeProcess.ready(this.folder, "--port", String(this.#port));
    this.#isUp = true;
  }

  /** Whether it was accepted: then it must arrive. `undefined` if nobody knows. */
  async publish(topic: string, event: SoakEvent, durable: boolean): Promise<boolean> {
    try {
      const response = await fetch(`${this.adminUrl}/api/publish`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ topic, payload: event, durable }),
        signal: AbortSignal.timeout(5000),
      });
      return response.status === 200;
    } catch {
      // Killed meanwhile.
      return false;
    }
  }

  async status(): Promise<unknown> {
    return await (await fetch(`${this.adminUrl}/api/status`)).json();
  }

  /** What waits there. */
  async durable(): Promise<unknown> {
    const [mesh, durable] = ["mesh", "durable"].map(async (name) =>
      field(await this.status(), name),
    );
    return { peers: field(await mesh, "peers"), durable: await durable };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isUp) await this.#process[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Publishes one event after the other, and notes which of them were confirmed. */
export class SoakDriver {
  readonly #node: SoakNode;
  readonly #driver: number;
  readonly #topic: string;
  readonly #durable: boolean;
  readonly confirmed: number[] = [];
  #stopping = false;
  #running: Promise<void>;

  constructor(node: SoakNode, options: { driver: number; topic: string; durable: boolean }) {
    this.#node = node;
    this.#driver = options.driver;
    this.#topic = options.topic;
    this.#durable = options.durable;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stopping; n += 1) {
      const event = { driver: this.#driver, n };
      if (await this.#node.publish(this.#topic, event, this.#durable)) this.confirmed.push(n);
      // While the node is down there is nothing else to do.
      else await Bun.sleep(5);
    }
  }
}

/** What is wrong with what arrived, in words; nothing where all is well. */
export function soakFaults(
  drivers: readonly SoakDriver[],
  /** By driver, in the order of their first arrivals. */
  arrived: ReadonlyMap<number, readonly number[]>,
): string[] {
  return drivers.flatMap(({ confirmed }, driver) => {
    const came = arrived.get(driver) ?? [];
    const known = new Set(came);
    const lost = confirmed.filter((n) => !known.has(n));
    const late = came.filter((n, at) => at > 0 && n < (came[at - 1] ?? 0));
    return [
      ...(lost.length > 0 ? [`driver ${driver}: lost ${lost.slice(0, 10).join(", ")}`] : []),
      ...(late.length > 0
        ? [`driver ${driver}: out of order ${late.slice(0, 10).join(", ")}`]
        : []),
    ];
  });
}

/** How often to kill: `SOAK_ROUNDS`, or few enough for every run of the tests. */
export function soakRounds(fallback: number): number {
  const rounds = Number(process.env["SOAK_ROUNDS"] ?? fallback);
  return Number.isInteger(rounds) && rounds > 0 ? rounds : fallback;
}
