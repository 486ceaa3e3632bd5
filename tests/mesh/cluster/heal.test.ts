/** Clusters that were parted for long, with the limits that come with the node: how soon they are whole again. */

import { describe, expect, test } from "bun:test";
import type { SimulatedNode, SimulatedNodeOptions } from "./simulated-node.ts";
import { SmallCluster } from "./small-cluster.ts";

interface Story {
  readonly what: string;
  /** Whom each node dials by its config. */
  readonly seeds: Readonly<Record<string, string>>;
  /** On one side of the cut; the others are on the other. */
  readonly side: string;
  readonly options?: Readonly<Record<string, Partial<SimulatedNodeOptions>>>;
}

const STORIES: readonly Story[] = [
  { what: "one seed", seeds: { a: "", b: "a", c: "a" }, side: "c" },
  {
    what: "one seed, and the node alone cannot be dialled",
    seeds: { a: "", b: "a", c: "a" },
    side: "c",
    options: { c: { advertise: "none" } },
  },
  {
    what: "one seed, and nobody else can be dialled",
    seeds: { a: "", b: "a", c: "a" },
    side: "bc",
    options: { b: { advertise: "none" }, c: { advertise: "none" } },
  },
  { what: "all are seeds of each other", seeds: { a: "bc", b: "ac", c: "ab" }, side: "a" },
  {
    what: "six in halves, and one seed",
    seeds: { a: "", b: "a", c: "a", d: "a", e: "a", f: "a" },
    side: "def",
  },
];
const WHOLE_WITHIN_MS = 15_000;
const ROUNDS = 60;

describe("after minutes of partition the mesh is whole within 15 s", () => {
  test.each([...STORIES])(
    "where $what",
    async (story) => {
      const tookMs: number[] = [];
      for (let seed = 1; seed <= ROUNDS; seed += 1) tookMs.push(await healMs(story, seed));
      expect(Math.max(...tookMs)).toBeLessThan(WHOLE_WITHIN_MS);
    },
    60_000,
  );
});

async function healMs({ seeds, side, options = {} }: Story, seed: number): Promise<number> {
  const net = new SmallCluster(seed);
  const nodes = Object.entries(seeds).map(([name, of]) => net.start(name, of, options[name]));
  await net.until(() => isWhole(nodes, isLinkable(options)), 60_000);
  const cut = nodes.flatMap(({ name: one }) =>
    nodes
      .filter(({ name }) => side.includes(one) && !side.includes(name))
      .map(({ name }) => [one, name]),
  );
  for (const [one = "", other = ""] of cut) net.part(one, other);
  // The moment of the heal falls anywhere between two attempts, and within one.
  await net.pass(600_000 + seed * 777);
  for (const node of nodes) {
    expect(node.reach.filter((name) => side.includes(name) !== side.includes(node.name))).toEqual(
      [],
    );
  }
  for (const [one = "", other = ""] of cut) net.join(one, other);
  const beganMs = net.network.time.nowMs;
  await net.until(() => isWhole(nodes, isLinkable(options)), 60_000);
  expect(nodes.flatMap(({ mistakes }) => mistakes)).toEqual([]);
  return net.network.time.nowMs - beganMs;
}

/** Two of which neither can be dialled have no link, but reach each other. */
function isLinkable(options: NonNullable<Story["options"]>) {
  return (one: string, other: string): boolean =>
    options[one]?.advertise !== "none" || options[other]?.advertise !== "none";
}

function isWhole(
  nodes: readonly SimulatedNode[],
  isLinked: (one: string, other: string) => boolean,
): boolean {
  return nodes.every((node) => {
    const others = nodes.filter((other) => other !== node);
    const linked = others.filter(({ name }) => isLinked(node.name, name));
    const isEachLinked = linked.every(({ name }) => node.linkTo(name) !== undefined);
    return isEachLinked && others.every(({ name }) => node.cluster.node(name) !== undefined);
  });
}
