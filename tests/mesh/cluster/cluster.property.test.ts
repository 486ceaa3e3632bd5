import { expect, test } from "bun:test";
import { Network } from "./network.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";
import { SimulatedNode } from "./simulated-node.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;
/** Silence, the longest interval between dials, what was on its way, and a second try. */
const SETTLING_MS = 60_000;

class Story {
  readonly random: () => number;
  readonly network: Network;
  readonly nodes: SimulatedNode[] = [];
  readonly gone: SimulatedNode[] = [];
  readonly #names: readonly string[];
  readonly #seeds: (readonly string[])[];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.network = new Network(this.random);
    this.#names = NAMES.slice(0, 2 + Math.floor(this.random() * 4));
    // Each knows the first at least, so that all hear of all; some know others, or themselves, too.
    this.#seeds = this.#names.map(() =>
      this.#names.filter((_, at) => at === 0 || this.random() < 0.4),
    );
  }

  get names(): readonly string[] {
    return this.#names;
  }

  boot(name: string, incarnation: number): void {
    const at = this.#names.indexOf(name);
    const seeds = (this.#seeds[at] ?? []).map((seed) => addressOf(this.#names.indexOf(seed)));
    const { network, random } = this;
    const port = addressOf(at).port;
    this.nodes.push(new SimulatedNode({ network, name, port, random, seeds, incarnation }));
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.random() * items.length)];
  }

  /** Nothing that can be seen at any moment is against the rules. */
  expectSane(): void {
    for (const node of this.nodes) {
      expect(node.mistakes).toEqual([]);
      const peers = node.links.map(({ peer }) => peer.instance);
      // Where this one is the arbiter, it never has two.
      const decided = node.links.filter(({ peer }) => node.name < peer.name);
      expect(new Set(decided.map(({ peer }) => peer.instance)).size).toBe(decided.length);
      const names = node.cluster.nodes().map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(peers).not.toContain(node.host.identity.instance);
    }
  }

  /** Each pair has one link, and each hears what all others say. */
  async expectWhole(): Promise<void> {
    for (const node of this.nodes) {
      const others = this.nodes.filter((other) => other !== node).map(({ name }) => name);
      expect(node.reach).toEqual(others.toSorted());
      expect(node.links.map(({ peer }) => peer.name).toSorted()).toEqual(others.toSorted());
      for (const link of node.links) expect(link.other?.state).toBe("up");
    }
    const counts = this.nodes.map((node) => [node.name, node.publish()] as const);
    await this.network.time.pass(1000);
    for (const node of this.nodes) {
      for (const [name, count] of counts) {
        if (name !== node.name) expect(node.countsFrom(name).at(-1)).toBe(count);
      }
    }
  }
}

function addressOf(at: number): { readonly host: string; readonly port: number } {
  return { host: `10.0.0.${at + 1}`, port: at + 1 };
}

test("any order of starts, cuts, ends and restarts leads to one link a pair", async () => {
  for (let seed = 1; seed <= 250; seed += 1) {
    const story = new Story(seed);
    const { network, random } = story;
    for (const name of story.names) {
      await network.time.pass(random() < 0.5 ? 0 : random() * 2000);
      story.boot(name, 1);
    }
    let incarnation = 1;
    const steps = 5 + Math.floor(random() * 15);
    for (let step = 0; step < steps; step += 1) {
      const one = story.pick(story.names) ?? "a";
      const other = story.pick(story.names) ?? "b";
      const what = random();
      if (what < 0.3) network.cut(one, other);
      else if (what < 0.55) network.heal(one, other);
      else if (what < 0.65) network.slow(one, other, random() * 400);
      else if (what < 0.75) story.pick(network.ends)?.close("cut by the test");
      else if (what < 0.85) {
        const at = story.nodes.findIndex(({ name }) => name === one);
        const [ended] = story.nodes.splice(at, 1);
        ended?.kill(random() < 0.5 ? "process" : "machine");
        incarnation += 1;
        story.boot(one, incarnation);
      } else {
        for (const node of story.nodes) node.publish();
      }
      for (let part = 0; part < 10; part += 1) {
        await network.time.pass(random() * random() * 1000);
        if (random() < 0.3) story.pick(story.nodes)?.publish();
        story.expectSane();
      }
    }
    network.healAll();
    await network.time.pass(SETTLING_MS);
    try {
      story.expectSane();
      await story.expectWhole();
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
    expect(network.dialsAtOnce).toBeLessThanOrEqual(16 * story.names.length);
  }
}, 120_000);

test("whoever has no line to another reaches it through a peer of both, and nobody else", async () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const story = new Story(seed);
    const { network, random } = story;
    const parted = new Set<string>();
    for (const one of story.names) {
      for (const other of story.names) {
        if (one >= other || random() < 0.5) continue;
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const) {
          network.cut(from, to);
          parted.add(`${from} ${to}`);
        }
      }
    }
    for (const name of story.names) {
      await network.time.pass(random() * 500);
      story.boot(name, 1);
    }
    await network.time.pass(SETTLING_MS);
    for (let round = 0; round < 5; round += 1) {
      for (const node of story.nodes) node.publish();
      await network.time.pass(random() * 10);
    }
    await network.time.pass(1000);
    story.expectSane();
    for (const node of story.nodes) {
      const linked = (other: SimulatedNode): string[] => other.links.map(({ peer }) => peer.name);
      for (const other of story.nodes) {
        if (other === node) continue;
        const via = node.cluster.node(other.name)?.via;
        const common = linked(node).filter((name) => linked(other).includes(name));
        if (linked(node).includes(other.name)) expect(via).toBeUndefined();
        else if (common.length > 0) expect(common).toContain(via ?? "");
        else expect(node.cluster.node(other.name)).toBeUndefined();
        const isReached = linked(node).includes(other.name) || common.length > 0;
        expect(other.countsFrom(node.name)).toEqual(isReached ? [1, 2, 3, 4, 5] : []);
        const isParted = parted.has(`${node.name} ${other.name}`);
        expect(isParted && linked(node).includes(other.name)).toBe(false);
      }
    }
  }
}, 120_000);

test("of two nodes of one name all others agree on one, however they came", async () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const story = new Story(seed);
    const { network, random } = story;
    const name = story.names.at(-1) ?? "b";
    const [first, second] = [1, 1 + Math.floor(random() * 2)];
    const cuts = story.names.filter(() => random() < 0.5);
    for (const cut of cuts) {
      network.cut("a", cut);
      network.cut(cut, "a");
    }
    for (const other of story.names) {
      await network.time.pass(random() * 300);
      story.boot(other, first);
    }
    await network.time.pass(random() * 500);
    const seeds = story.names.slice(0, -1).map((_, at) => addressOf(at));
    const port = { host: "10.0.0.26", port: 26 };
    const twin = { network, name, random, seeds, incarnation: second, ...port };
    story.nodes.push(new SimulatedNode(twin));
    await network.time.pass(random() * 10_000);
    network.healAll();
    await network.time.pass(SETTLING_MS);
    expect(story.nodes.flatMap(({ mistakes }) => mistakes)).toEqual([]);
    const others = story.nodes.filter((node) => node.name !== name);
    const chosen = others.map(({ cluster }) => cluster.node(name)?.instance);
    expect({ seed, chosen: new Set(chosen).size }).toEqual({ seed, chosen: 1 });
    expect(chosen).not.toContain(undefined);
    const out = story.nodes.find(
      ({ name: own, host }) => own === name && host.identity.instance !== chosen[0],
    );
    expect(out?.reach).toEqual([]);
    expect(out?.log.messages("error").length).toBeGreaterThan(0);
  }
}, 120_000);
