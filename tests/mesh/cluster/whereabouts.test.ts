/** Peers that were lost, where nobody else knows of them. */

import { describe, expect, test } from "bun:test";
import type { SimulatedNode } from "./simulated-node.ts";
import { addressOf, SmallCluster } from "./small-cluster.ts";

const HOUR_MS = 3_600_000;

interface Survivors {
  readonly net: SmallCluster;
  readonly b: SimulatedNode;
  readonly c: SimulatedNode;
}

/** Two that have heard of each other from a seed that is no more. */
async function survivors(seed = 1): Promise<Survivors> {
  const net = new SmallCluster(seed);
  const a = net.start("a");
  const b = net.start("b", "a");
  const c = net.start("c", "a");
  await net.until(() => [a, b, c].every(({ links }) => links.length === 2), 60_000);
  await net.pass(6000);
  a.kill();
  await net.pass(1000);
  return { net, b, c };
}

function dialsTo(net: SmallCluster, name: string): number {
  const { host, port } = addressOf(name);
  return net.network.dials.filter(({ to }) => to === `${host}:${port}`).length;
}

describe("two whose only seed is dead", () => {
  test("are linked again after a blip within a quarter of a second and what the other side is given", async () => {
    const { net, b, c } = await survivors();
    b.linkTo("c")?.close("cut by the test");
    await net.pass(100);
    await net.until(() => b.reach.join() === "c" && c.reach.join() === "b", 300);
    expect(b.linkTo("c")?.direction).toBe("dialled");
  });

  test("are linked again within 15 s of the end of a partition of minutes", async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { net, b, c } = await survivors(seed);
      net.part("b", "c");
      await net.pass(600_000 + seed * 777);
      expect([b.reach, c.reach]).toEqual([[], []]);
      expect(b.cluster.status()).toContainEqual(
        expect.objectContaining({ name: "c", address: "10.0.0.3:3", via: undefined }),
      );
      net.join("b", "c");
      await net.until(() => b.reach.join() === "c" && c.reach.join() === "b", 15_000);
    }
  });

  test("forget each other after an hour", async () => {
    const { net, b, c } = await survivors();
    net.part("b", "c");
    await net.pass(HOUR_MS - 1000);
    const count = dialsTo(net, "c");
    expect(count).toBeGreaterThan(200);
    await net.pass(20_000);
    const after = dialsTo(net, "c");
    await net.pass(100_000);
    expect(dialsTo(net, "c")).toBe(after);
    for (const { cluster } of [b, c]) {
      expect(cluster.status()).toMatchObject([{ name: undefined, address: "10.0.0.1:1" }]);
    }
  });

  test("are dialled ever more slowly where links break as soon as they are up", async () => {
    const { net, b } = await survivors();
    const count = dialsTo(net, "b") + dialsTo(net, "c");
    for (let ms = 0; ms < 60_000; ms += 10) {
      b.linkTo("c")?.close("cut by the test");
      await net.pass(10);
    }
    expect(dialsTo(net, "b") + dialsTo(net, "c") - count).toBeLessThan(50);
  });
});

describe("a peer that was lost", () => {
  test("is not dialled where it had said goodbye, nor if it does so when it is back", async () => {
    const { net, b, c } = await survivors();
    b.linkTo("c")?.close("cut by the test");
    await net.until(() => b.reach.join() === "c", 500);
    await net.pass(100);
    const stopped = c.cluster.stop();
    await net.pass(100);
    await stopped;
    const count = dialsTo(net, "c");
    await net.pass(100_000);
    expect(dialsTo(net, "c")).toBe(count);
    expect(b.cluster.status()).toMatchObject([{ name: "a" }]);
  });

  test("is dialled no more once it has restarted elsewhere", async () => {
    const { net, b, c } = await survivors();
    c.kill();
    await net.pass(60_000);
    net.start("c", "b", { incarnation: 2, host: "10.0.0.77", port: 77 });
    await net.until(() => b.reach.join() === "c", 1000);
    const count = dialsTo(net, "c");
    await net.pass(100_000);
    expect(dialsTo(net, "c")).toBe(count);
    expect(b.cluster.status().map(({ name }) => name)).toEqual(["c", "a"]);
  });

  test("is dialled no more once somebody lists it as restarted, linked or not", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    c.kill();
    await net.pass(60_000);
    expect(b.cluster.status().map(({ name, state }) => [name, state])).toEqual([
      ["a", "up"],
      ["c", expect.stringMatching(/waiting|connecting/)],
    ]);
    net.part("b", "c");
    net.start("c", "a", { incarnation: 2, host: "10.0.0.77", port: 77 });
    await net.pass(2000);
    const count = dialsTo(net, "c");
    await net.pass(100_000);
    expect(dialsTo(net, "c")).toBe(count);
    expect(a.reach).toEqual(["b", "c"]);
    expect(b.cluster.status().map(({ name, state }) => [name, state])).toEqual([
      ["a", "up"],
      ["c", "carried"],
    ]);
  });

  test("is found where it has restarted, though it knows nobody", async () => {
    const { net, b, c } = await survivors();
    c.kill();
    await net.pass(60_000);
    net.start("c", "", { incarnation: 2 });
    await net.until(() => b.reach.join() === "c", 15_000);
    expect(b.cluster.node("c")?.incarnation).toBe(2);
    expect(b.cluster.status().map(({ name }) => name)).toEqual(["c", "a"]);
  });

  test("is remembered for as long as somebody lists it, and for when nobody does any more", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    net.part("b", "c");
    await net.pass(2.5 * HOUR_MS);
    expect(b.reach).toEqual(["a", "c via a"]);
    a.kill();
    await net.pass(1000);
    expect(b.reach).toEqual([]);
    net.join("b", "c");
    await net.until(() => b.reach.join() === "c" && c.reach.join() === "b", 15_000);
  });

  test("is seldom dialled, and not shown, where another node has its address now", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.until(() => [a, b, c].every(({ links }) => links.length === 2), 60_000);
    await net.pass(6000);
    c.kill();
    await net.pass(1000);
    const d = net.start("d", "a", { port: addressOf("c").port });
    await net.pass(20_000);
    const count = dialsTo(net, "c");
    await net.pass(600_000);
    expect(dialsTo(net, "c") - count).toBeLessThanOrEqual(4);
    for (const node of [a, b]) {
      expect(node.cluster.status()).toMatchObject([{ state: "up" }, { name: "d", state: "up" }]);
    }
    // Once that is gone, the first may be back.
    d.kill();
    await net.pass(0);
    const after = dialsTo(net, "c");
    await net.pass(300);
    expect(dialsTo(net, "c") - after).toBeGreaterThan(1);
    expect(b.cluster.status().map(({ name }) => name)).toContain("c");
  });

  test("is found where it still is, though another node has the other of its addresses", async () => {
    const net = new SmallCluster();
    const shared = { host: "c.example", port: 77 };
    net.start("a");
    const b = net.start("b", "ac", { advertise: "none" });
    net.start("c", "a", { advertise: shared });
    await net.until(() => b.links.length === 2, 60_000);
    b.cluster.setSeeds([addressOf("a")]);
    await net.pass(6000);
    net.part("b", "c");
    net.part("a", "c");
    await net.pass(20_000);
    net.start("d", "a", shared);
    await net.pass(60_000);
    expect(b.reach).toEqual(["a", "d"]);
    net.join("b", "c");
    await net.until(() => b.linkTo("c") !== undefined, 15_000);
  });

  test("is one of 32 at most, those that were lost last", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const nodes = Array.from({ length: 40 }, (_, at) => {
      const place = { host: `10.0.1.${at}`, port: 100 + at };
      return net.start(`n${at}`, "a", { ...place, advertise: place });
    });
    await net.until(() => a.links.length === 40, 10_000);
    await net.pass(1000);
    for (const node of nodes) {
      node.kill();
      await net.pass(100);
    }
    await net.pass(100_000);
    const count = net.network.dials.length;
    await net.pass(100_000);
    const dials = net.network.dials.slice(count);
    expect(new Set(dials.map(({ to }) => to)).size).toBe(32);
    expect(dials.map(({ to }) => to)).not.toContain("10.0.1.7:107");
    // Beside them others have their turn at once.
    expect(dials.length).toBeLessThan(100 * 8);
    // Some seconds on a busy machine.
  }, 30_000);
});
