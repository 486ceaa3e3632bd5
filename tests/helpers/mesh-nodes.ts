import { MeshNode } from "../../mesh/mesh-node.ts";
import { configOf } from "./mesh-node.ts";
import { newSecret } from "./mesh-process.ts";
import { RecordingLogger } from "./recording-logger.ts";
import { TempFolder } from "./temp-folder.ts";

export interface NodeOptions {
  readonly name: string;
  /** Instead of a free one. */
  readonly port?: number;
  /** Ports of this machine, or addresses as they stand in a config. */
  readonly peers?: readonly (number | string)[];
}

/** Nodes of one cluster that all run in this process, without plugins; they end with it. */
export class NodeGroup implements AsyncDisposable {
  readonly log: RecordingLogger = new RecordingLogger();
  readonly nodes: MeshNode[] = [];
  readonly #secret: string = newSecret();
  readonly #folder: TempFolder;

  static async create(): Promise<NodeGroup> {
    return new NodeGroup(await TempFolder.create());
  }

  private constructor(folder: TempFolder) {
    this.#folder = folder;
  }

  /** Listens, and so begins to dial. */
  async start({ name, port = 0, peers = [] }: NodeOptions): Promise<MeshNode> {
    const config = await configOf({
      server: `port = ${port}`,
      node: `name = ${name}\ndata = ${this.#folder.at(name)}`,
      mesh: `secret = ${this.#secret}\npeers = ${peers.map(peerText).join(",")}`,
    });
    const configPath = this.#folder.at("node.ini");
    const log = this.log.child({ node: name });
    const node = await MeshNode.listen({ config, configPath, log });
    this.nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.#folder[Symbol.asyncDispose]();
  }
}

function peerText(peer: number | string): string {
  return typeof peer === "string" ? peer : `127.0.0.1:${peer}`;
}
