import type { Address } from "../../../src/index.ts";
import { Network } from "./network.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";
import { SimulatedNode, type SimulatedNodeOptions } from "./simulated-node.ts";

/** Nodes named by one letter, each on a port of its own; everything takes 5 ms unless it was said otherwise. */
export class SmallCluster {
  readonly network: Network;
  readonly #random: () => number;

  constructor(seed = 1) {
    this.#random = seededRandom(seed);
    this.network = new Network(() => 4 / 19);
  }

  /** Starts a node that dials the others named. */
  start(name: string, seeds = "", options: Partial<SimulatedNodeOptions> = {}): SimulatedNode {
    return new SimulatedNode({
      network: this.network,
      name,
      port: addressOf(name).port,
      random: this.#random,
      seeds: Array.from(seeds, addressOf),
      ...options,
    });
  }

  pass(durationMs: number): Promise<void> {
    return this.network.time.pass(durationMs);
  }

  until(condition: () => boolean, timeoutMs?: number): Promise<void> {
    return this.network.time.until(condition, timeoutMs);
  }

  /** Nothing gets through between the two, and each soon knows. */
  part(one: string, other: string): void {
    this.network.cut(one, other);
    this.network.cut(other, one);
  }

  join(one: string, other: string): void {
    this.network.heal(one, other);
    this.network.heal(other, one);
  }

  dialsOf(name: string): readonly number[] {
    return this.network.dials.filter(({ from }) => from === name).map(({ atMs }) => atMs);
  }
}

export function addressOf(name: string): Address {
  const port = name.charCodeAt(0) - 96;
  return { host: `10.0.0.${port}`, port };
}

/** Three that are linked, of which `c` will say what nobody should. */
export interface Three {
  readonly net: SmallCluster;
  readonly a: SimulatedNode;
  readonly b: SimulatedNode;
  readonly c: SimulatedNode;
}

export async function three(): Promise<Three> {
  const net = new SmallCluster();
  const limits = { meshNodesMax: 20 };
  const a = net.start("a", "", { limits });
  const b = net.start("b", "a", { limits });
  const c = net.start("c", "a", { limits });
  await net.pass(1000);
  return { net, a, b, c };
}
