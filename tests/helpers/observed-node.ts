/** A node in a process of its own that tells what it keeps in memory. */

import * as v from "valibot";
import { eventually } from "./mesh-view.ts";
import { Program } from "./node-process.ts";
import type { TempFolder } from "./temp-folder.ts";

const MAIN = Bun.fileURLToPath(new URL("./observed-node-main.ts", import.meta.url));

/** After what nobody uses any more was collected. */
export interface Kept {
  readonly heapBytes: number;
  /** Outside the heap, but of things on it. */
  readonly extraBytes: number;
  readonly objects: number;
  /** How many objects there are of each type. */
  readonly types: Readonly<Record<string, number>>;
  readonly residentBytes: number;
  readonly uncaughtErrors: number;
  /** What the node has logged as an error, each once. */
  readonly errors: readonly string[];
  /** What the parts of the node count themselves. */
  readonly sizes: Readonly<Record<string, number>>;
}

const COUNTS = v.record(v.string(), v.number());

const KeptSchema: v.GenericSchema<unknown, Kept> = v.object({
  heapBytes: v.number(),
  extraBytes: v.number(),
  objects: v.number(),
  types: COUNTS,
  residentBytes: v.number(),
  uncaughtErrors: v.number(),
  errors: v.array(v.string()),
  sizes: COUNTS,
});

const ReadySchema = v.object({ port: v.number(), adminUrl: v.string() });

export class ObservedNode implements AsyncDisposable {
  readonly port: number;
  readonly adminUrl: string;
  readonly #program: Program;

  /** Starts on the config `node.ini` in the folder, and waits until its plugins are loaded. */
  static async start(folder: TempFolder): Promise<ObservedNode> {
    const program = Program.start([MAIN, folder.at("node.ini")], {
      // Code is compiled and thrown away as the engine sees fit, and is a good part of a heap.
      env: { BUN_JSC_useJIT: "0", BUN_JSC_forceCodeBlockLiveness: "1" },
    });
    try {
      return new ObservedNode(program, v.parse(ReadySchema, await nextLine(program)));
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(program: Program, { port, adminUrl }: v.InferOutput<typeof ReadySchema>) {
    this.#program = program;
    this.port = port;
    this.adminUrl = adminUrl;
  }

  async kept(): Promise<Kept> {
    this.#program.type("");
    return v.parse(KeptSchema, await nextLine(this.#program));
  }

  /** As soon as the node counts what it did before: what leaves is not gone at once. */
  async keptOnce(sizes: Kept["sizes"]): Promise<Kept> {
    let kept = await this.kept();
    const look = async (): Promise<Kept["sizes"]> => {
      kept = await this.kept();
      return kept.sizes;
    };
    if (!Bun.deepEquals(kept.sizes, sizes)) {
      await eventually(look, (seen) => Bun.deepEquals(seen, sizes));
    }
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

async function nextLine(program: Program): Promise<unknown> {
  const [line] = await program.printed(/^\{.*\}$/m);
  return JSON.parse(line);
}
