/** Nodes that are processes of their own, each beside a game. */

import { MeshView } from "../mesh-view.ts";
import { newSecret } from "../mesh-process.ts";
import { NodeProcess } from "../node-process.ts";
import { TempFolder } from "../temp-folder.ts";

export interface RelayNodeOptions {
  readonly name: string;
  /** What stands in `[game]`. Default: there is no game, nor a section of the chat. */
  readonly game?: string;
  /** What stands in `[chat]`. Default: nothing. */
  readonly chat?: string;
}

export class RelayNode extends MeshView {
  readonly process: NodeProcess;

  constructor(name: string, process: NodeProcess) {
    super({ name, port: process.port, adminUrl: process.adminUrl });
    this.process = process;
  }

  async get(path: string): Promise<unknown> {
    return await (await fetch(this.adminUrl + path)).json();
  }

  async post(path: string, body: unknown): Promise<unknown> {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return await (await fetch(this.adminUrl + path, init)).json();
  }
}

/** One mesh; each node dials the first. All end with it. */
export class RelayNodes implements AsyncDisposable {
  readonly #secret = newSecret();
  readonly #folders: TempFolder[] = [];
  readonly nodes: RelayNode[] = [];

  async start({ name, game, chat = "" }: RelayNodeOptions): Promise<RelayNode> {
    const folder = await TempFolder.create();
    this.#folders.push(folder);
    const [first] = this.nodes;
    const peers = first === undefined ? "" : `peers = 127.0.0.1:${first.port}`;
    await folder.write(
      "node.ini",
      `[server]
host = 127.0.0.1
[node]
name = ${name}
[mesh]
secret = ${this.#secret}
${peers}
${game === undefined ? "" : `[game]\n${game}\n[chat]\n${chat}`}
`,
    );
    const node = new RelayNode(name, await NodeProcess.ready(folder));
    this.nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.nodes) await process.stop();
    for (const folder of this.#folders) await folder[Symbol.asyncDispose]();
  }
}
