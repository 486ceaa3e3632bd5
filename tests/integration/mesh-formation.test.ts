/** Nodes that find each other: how fast, and what is heard meanwhile. */

import { describe, expect, test } from "bun:test";
import { errorText } from "../../mesh/error-text.ts";
import type { MeshNode } from "../../mesh/mesh-node.ts";
import { freePort } from "../helpers/fault-proxy.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { NodeGroup } from "../helpers/mesh-nodes.ts";
import { MeshBed } from "../helpers/mesh-process.ts";
import { allLinked, eventually, printFigure } from "../helpers/mesh-view.ts";
import { until } from "../helpers/turns.ts";

describe("nodes that know one of them", () => {
  test.each([
    [3, 1000],
    [8, 2000],
  ])(
    "%d are linked each with each within %d ms",
    async (count, promisedMs) => {
      await using group = await NodeGroup.create();
      const seed = await group.start({ name: "node-0" });
      for (let index = 1; index < count; index += 1) {
        await group.start({ name: `node-${index}`, peers: [seed.port] });
      }
      const beganMs = performance.now();
      await until(() => group.nodes.every((node) => linksOf(node).length === count - 1));
      const tookMs = performance.now() - beganMs;
      printFigure(`${count} nodes with one seed are linked each with each`, tookMs);
      expect(tookMs).toBeLessThan(promisedMs);
      await expectOneLinkAPair(group.nodes);
    },
    20_000,
  );

  test("by a host name of its own have no other node beside it in the status, whoever has dialled", async () => {
    await using group = await NodeGroup.create();
    const [jailPort, surfPort] = [await freePort(), await freePort()];
    const peers = [`localhost:${surfPort}`];
    const jail = await group.start({ name: "jail", port: jailPort, peers });
    const others = (): unknown =>
      jail.status().mesh?.peers.map(({ name, state, lastError }) => [name, state, lastError?.text]);
    const refused = `localhost:${surfPort} refused the connection; is a node running there?`;
    await until(() => Bun.deepEquals(others(), [[null, "waiting", refused]]));
    await group.start({ name: "surf", port: surfPort, peers: [`localhost:${jailPort}`] });
    // The one of the config is dialled once more, and refused because there is a link.
    await until(() => Bun.deepEquals(others(), [["surf", "up", undefined]]), 12_000);
  }, 20_000);

  test("as processes of their own: three, each with each, and each knows of each", async () => {
    await using bed = new MeshBed();
    const surf = await bed.start({ name: "surf" });
    const others = await Promise.all(
      ["bhop", "jail"].map((name) => bed.start({ name, peers: [surf] })),
    );
    const nodes = [surf, ...others];
    printFigure("3 processes are linked each with each", await allLinked(nodes, 1000));
    const names = ["bhop", "jail", "surf"];
    for (const node of nodes) {
      await eventually(
        () => node.presence(),
        (known) => Bun.deepEquals(known, names),
        1000,
      );
      for (const name of names) expect(await node.ask("echo", name, name)).toBe(name);
    }
    for (const { node } of nodes) expect(await node.stop()).toBe(0);
  }, 20_000);
});

/** Publishes numbers from 0 on, as long as it may, asks its peers in turn, and keeps what it hears of others. */
class Talker {
  readonly node: MeshNode;
  readonly name: string;
  sent = 0;
  readonly heard = new Map<string, number[]>();
  /** Requests that wait for their replies. */
  waiting = 0;
  readonly answered = new Set<string>();
  /** What became of other requests. */
  readonly failures: string[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(name: string, node: MeshNode) {
    this.name = name;
    this.node = node;
    node.messenger.subscribe("talk.*", ({ from, payload }) => {
      const numbers = this.heard.get(from) ?? [];
      this.heard.set(from, numbers);
      numbers.push(Number(payload));
    });
    node.messenger.serve("reply", ({ from, payload }) => `${name} to ${from}: ${String(payload)}`);
    this.#timer = setInterval(() => this.say(), 1);
  }

  say(): void {
    this.node.messenger.publish(`talk.${this.name}`, this.sent);
    const peers = this.node.messenger.peers();
    const peer = peers[this.sent % Math.max(1, peers.length)];
    if (peer !== undefined) void this.#ask(peer.name, this.sent);
    this.sent += 1;
  }

  async #ask(name: string, number: number): Promise<void> {
    this.waiting += 1;
    try {
      const answer = await this.node.messenger.request(name, "reply", number);
      if (answer === `${name} to ${this.name}: ${number}`) this.answered.add(name);
      else this.failures.push(`"${String(answer)}" from ${name} to ${number}`);
    } catch (error) {
      this.failures.push(errorText(error));
    }
    this.waiting -= 1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

describe("50 rounds of nodes that start in any order and dial each other at once", () => {
  const SEED = 20_261_122;
  const random = seededRandom(SEED);
  const below = (count: number): number => Math.floor(random() * count);

  test("one link a pair, and from the first message on all of them, in order and once", async () => {
    let crossed = 0;
    for (let round = 0; round < 50; round += 1) {
      const isTogether = round % 2 === 0;
      crossed += await playRound(`seed ${SEED}, round ${round}`, isTogether);
    }
    // A hundred or so, or the rounds would show nothing.
    expect(crossed).toBeGreaterThan(20);
  }, 120_000);

  /** Answers how often a side heard that an attempt came to nothing, because there was a link or one in the making. */
  async function playRound(what: string, isTogether: boolean): Promise<number> {
    await using group = await NodeGroup.create();
    const count = 3 + below(4);
    const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
    const order = shuffled(ports.map((_, index) => index));
    const talkers: Talker[] = [];
    const starts: Promise<unknown>[] = [];
    for (const [place, index] of order.entries()) {
      // Of those that run, one that connects the cluster; of all, some that may not run yet.
      const earlier = order[below(place)];
      const known = new Set(earlier === undefined ? [] : [earlier]);
      for (let other = 0; other < count; other += 1) {
        if (other !== index && random() < 0.5) known.add(other);
      }
      const name = `node-${index}`;
      const peers = shuffled([...known]).map((other) => ports[other] ?? 0);
      const started = group
        .start({ name, port: ports[index] ?? 0, peers })
        .then((node) => talkers.push(new Talker(name, node)));
      starts.push(started);
      if (isTogether) continue;
      await started;
      if (random() < 0.5) await Bun.sleep(below(20));
    }
    await Promise.all(starts);
    try {
      await until(
        () => group.nodes.every((node) => new Set(linksOf(node)).size === count - 1),
        10_000,
      );
      // Everybody has heard everybody and been answered by all.
      await until(
        () => talkers.every((of) => of.heard.size === count && of.answered.size === count - 1),
        5000,
      );
      await expectOneLinkAPair(group.nodes);
      for (const talker of talkers) talker.stop();
      await until(
        () => talkers.every(({ heard }) => talkers.every((of) => isComplete(heard, of))),
        5000,
      );
      for (const { heard } of talkers) {
        for (const of of talkers) {
          const numbers = heard.get(of.name) ?? [];
          const [first = -1] = numbers;
          expect(numbers).toEqual(Array.from({ length: of.sent - first }, (_, at) => first + at));
        }
      }
      // A request that met the end of a link would have failed.
      await until(() => talkers.every(({ waiting }) => waiting === 0), 5000);
      expect(talkers.flatMap(({ failures }) => failures)).toEqual([]);
      expect(group.log.messages("error")).toEqual([]);
      return group.log.messages("debug").filter((text) => text === "one link is enough").length;
    } catch (error) {
      throw new Error(`${what}, ${count} nodes: ${error instanceof Error ? error.message : ""}`, {
        cause: error,
      });
    } finally {
      for (const talker of talkers) talker.stop();
    }
  }

  function isComplete(heard: ReadonlyMap<string, readonly number[]>, of: Talker): boolean {
    return heard.get(of.name)?.at(-1) === of.sent - 1;
  }

  function shuffled<Item>(items: readonly Item[]): Item[] {
    const keyed = items.map((item) => ({ item, key: random() }));
    return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
  }
});

/** The names of those that the node has a link with. */
function linksOf(node: MeshNode): string[] {
  const peers = node.status().mesh?.peers ?? [];
  return peers.filter(({ state }) => state === "up").map(({ name }) => name ?? "");
}

async function expectOneLinkAPair(nodes: readonly MeshNode[]): Promise<void> {
  const count = nodes.length;
  // Each link was accepted by one of the two, and of what has crossed no connection is left beside them.
  const accepted = (): number =>
    nodes.reduce((sum, node) => sum + node.status().endpoint.connections, 0);
  await until(() => accepted() === (count * (count - 1)) / 2);
  for (const node of nodes) {
    const names = linksOf(node);
    expect(names.length).toBe(count - 1);
    expect(new Set(names).size).toBe(count - 1);
  }
}
