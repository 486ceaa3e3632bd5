import { randomBytes } from "node:crypto";
import { PROBE } from "./mesh-probe.ts";
import { MeshView } from "./mesh-view.ts";
import { NodeProcess } from "./node-process.ts";
import { TempFolder } from "./temp-folder.ts";

export interface MeshProcessOptions {
  readonly name: string;
  /** Where it dials; of this machine. */
  readonly peers?: readonly { readonly port: number }[];
  /** Instead of a free one. */
  readonly port?: number;
  /** At which port of this machine others are told to dial it, if not its own. */
  readonly advertise?: number | "none";
  /** Instead of the bed's. */
  readonly secrets?: readonly string[];
  readonly cluster?: string;
  readonly limits?: Readonly<Record<string, number>>;
  /** Of the probe. */
  readonly settings?: Readonly<Record<string, number>>;
}

/** Strong, and another one each time. */
export function newSecret(): string {
  return randomBytes(24).toString("hex");
}

/** Nodes that are processes of their own, with one secret; all end with it. */
export class MeshBed implements AsyncDisposable {
  readonly secret: string = newSecret();
  readonly #folders = new Map<string, TempFolder>();
  readonly #nodes: MeshProcess[] = [];

  /** Starts a node, and waits until it is ready. One of the same name has the same data folder. */
  async start(options: MeshProcessOptions): Promise<MeshProcess> {
    const folder = this.#folders.get(options.name) ?? (await TempFolder.create());
    this.#folders.set(options.name, folder);
    await folder.write("node.ini", this.config(options));
    await folder.write("probe.ts", PROBE);
    const port = options.port === undefined ? [] : ["--port", String(options.port)];
    const node = new MeshProcess(options.name, await NodeProcess.ready(folder, ...port));
    this.#nodes.push(node);
    return node;
  }

  /** Another node of a name that one has already, in a folder of its own. */
  async startSecond(options: MeshProcessOptions): Promise<MeshProcess> {
    const first = this.#folders.get(options.name);
    this.#folders.delete(options.name);
    const node = await this.start(options);
    const second = this.#folders.get(options.name);
    if (second !== undefined) this.#folders.set(`second ${options.name}`, second);
    if (first !== undefined) this.#folders.set(options.name, first);
    return node;
  }

  /** Writes what the node is to read at its next SIGHUP. */
  async rewrite(options: MeshProcessOptions): Promise<void> {
    await this.#folders.get(options.name)?.write("node.ini", this.config(options));
  }

  config(options: MeshProcessOptions): string {
    const { name, peers = [], advertise, secrets = [this.secret], cluster = "main" } = options;
    const lines = [
      "[server]",
      "host = 127.0.0.1",
      "[node]",
      `name = ${name}`,
      "[mesh]",
      `cluster = ${cluster}`,
      ...secrets.map((secret) => `secret[] = ${secret}`),
      `peers = ${peers.map(({ port }) => `127.0.0.1:${port}`).join(", ")}`,
      ...(advertise === undefined ? [] : [`advertise = ${advertisedAs(advertise)}`]),
      "[plugins]",
      "load = probe.ts",
      "[plugin:probe]",
      ...keys(options.settings),
      "[limits]",
      ...keys(options.limits),
    ];
    return `${lines.join("\n")}\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { node } of this.#nodes) await node[Symbol.asyncDispose]();
    for (const folder of this.#folders.values()) await folder[Symbol.asyncDispose]();
  }
}

/** A node that is a process of its own. */
export class MeshProcess extends MeshView {
  readonly node: NodeProcess;

  constructor(name: string, node: NodeProcess) {
    super({ name, port: node.port, adminUrl: node.adminUrl });
    this.node = node;
  }
}
function advertisedAs(advertise: number | "none"): string {
  return advertise === "none" ? "none" : `127.0.0.1:${advertise}`;
}

function keys(values: Readonly<Record<string, number>> = {}): string[] {
  return Object.entries(values).map(([key, value]) => `${key} = ${value}`);
}
