import { describe, expect, test } from "bun:test";
import type { LinkPolicy } from "../../../mesh/link/peer-link.ts";
import type { Address } from "../../../src/index.ts";
import type { Host } from "./network.ts";
import { addressOf, SmallCluster } from "./small-cluster.ts";

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, at) => time - (times[at] ?? 0));
}

/** Somebody who has proved nothing, gives the instance of `host` as its own, and refuses. */
function liarAs({ identity, cluster }: Host, address: Address): Host {
  const refusal = { code: "duplicate_link", text: "there is a link already" } as const;
  const policy: LinkPolicy = {
    decide: () => refusal,
    onUp: () => {
      throw new Error("a liar has no link");
    },
    onFailed: () => {},
  };
  return { identity, cluster, address, advertise: undefined, policy, isRunning: true };
}

describe("a seed that nobody answers at", () => {
  test("is dialled for ever, ever more slowly, and linked once somebody is there", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    await net.pass(600_000);
    const times = net.dialsOf("a");
    expect(Math.max(...gaps(times))).toBeLessThanOrEqual(11_100);
    expect(Math.max(...gaps(times).slice(0, 1))).toBeLessThanOrEqual(300);
    expect(times.length).toBeGreaterThan(40);
    expect(times.length).toBeLessThan(150);
    expect(net.network.time.nowMs - (times.at(-1) ?? 0)).toBeLessThanOrEqual(11_100);
    expect(a.log.messages("warn").length).toBeLessThanOrEqual(11);
    expect(a.cluster.status()).toMatchObject([
      { name: undefined, address: "10.0.0.2:2", lastError: { text: "closed" } },
    ]);
    net.start("b");
    await net.until(() => a.reach.join() === "b", 11_100);
  });

  test("is dialled no more once it is taken away, and at once when it is added", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    await net.pass(10_000);
    a.cluster.setSeeds([addressOf("c")]);
    const count = net.network.dials.length;
    net.start("c");
    await net.pass(100);
    expect(a.reach).toEqual(["c"]);
    await net.pass(60_000);
    expect(net.network.dials.slice(count).map(({ to }) => to)).toEqual(["10.0.0.3:3"]);
  });

  test("costs no more than 16 dials at once with all the others", async () => {
    const net = new SmallCluster();
    const seeds = Array.from({ length: 60 }, (_, at) => ({ host: "10.1.0.1", port: 1000 + at }));
    net.start("a", "", { seeds });
    await net.pass(0);
    expect(net.network.dialling).toBe(16);
    await net.pass(100);
    expect(new Set(net.network.dials.map(({ to }) => to)).size).toBe(60);
    expect(net.network.dialsAtOnce).toBe(16);
  });
});

test("a seed that is this node itself is told once, and no other node in the status", async () => {
  const net = new SmallCluster();
  const a = net.start("a", "a");
  await net.pass(60_000);
  expect(net.dialsOf("a").length).toBeLessThan(8);
  expect(a.cluster.status()).toEqual([]);
  expect(a.log.messages("info")).toEqual([
    "this node is its own peer; the address may stay in the config",
  ]);
});

describe("a seed whose node has a link", () => {
  test("is not dialled, whoever of the two has dialled", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    const b = net.start("b", "a");
    await net.pass(1000);
    const count = net.network.dials.length;
    a.cluster.setSeeds([{ host: "10.0.0.2", port: 2 }]);
    b.cluster.setSeeds([{ host: "10.0.0.1", port: 1 }]);
    await net.pass(100_000);
    expect(net.network.dials.length).toBe(count);
  });

  test("is no other node in the status, and seldom looked at, where it has another address than the node gives", async () => {
    const net = new SmallCluster();
    // As a name that the node does not advertise; before it runs, an error is to be read.
    const seed = { host: "surf.example", port: 1 };
    const b = net.start("b", "", { seeds: [seed] });
    await net.pass(2000);
    expect(b.cluster.status()).toMatchObject([
      { name: undefined, address: "surf.example:1", lastError: { text: "closed" } },
    ]);
    const a = net.start("a", "b");
    await net.until(() => a.links.length === 1, 100);
    await net.until(() => net.dialsOf("b").length > 4, 12_000);
    await net.pass(100);
    expect(b.cluster.status()).toMatchObject([{ name: "a", state: "up" }]);
    const link = b.linkTo("a");
    const [count, probes] = [net.dialsOf("b").length, a.linkTo("b")?.probes ?? 0];
    await net.pass(1_510_000);
    expect(net.dialsOf("b").length - count).toBe(5);
    expect((a.linkTo("b")?.probes ?? 0) - probes).toBeLessThanOrEqual(5);
    expect(b.linkTo("a")).toBe(link);
  });

  test("shows what is wrong again once the node is gone", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    const b = net.start("b");
    await net.pass(1000);
    b.cluster.setSeeds([{ host: "surf.example", port: 1 }]);
    await net.pass(1000);
    expect(b.cluster.status()).toMatchObject([{ name: "a", state: "up", lastError: undefined }]);
    a.kill();
    await net.pass(1000);
    expect(b.cluster.status().find(({ address }) => address === "surf.example:1")).toMatchObject({
      name: undefined,
      lastError: { text: "closed" },
    });
  });

  test("is linked in the end where somebody else only said to be that node", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    await net.pass(1000);
    const liar = liarAs(b.host, addressOf("z"));
    net.network.hosts.push(liar);
    a.cluster.setSeeds([liar.address]);
    await net.pass(10_000);
    expect(a.cluster.status()).toMatchObject([{ name: "b" }]);
    net.network.hosts.splice(net.network.hosts.indexOf(liar), 1);
    net.start("z");
    await net.until(() => a.reach.join() === "b,z", 301_000);
  });

  test("is dialled and shown as before where who answers says to be a node without one", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "z");
    const gone = net.start("b", "a");
    await net.pass(1000);
    gone.cluster.setSeeds([]);
    await gone.cluster.stop();
    gone.kill();
    net.network.hosts.push(liarAs(gone.host, addressOf("z")));
    const count = net.dialsOf("a").length;
    await net.pass(100_000);
    expect(a.cluster.status()).toMatchObject([{ name: undefined, address: "10.0.0.26:26" }]);
    expect(net.dialsOf("a").length - count).toBeGreaterThan(10);
  });

  test("is dialled within a quarter of a second once the link breaks", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    // Long enough for the interval to be the longest.
    await net.pass(60_000);
    net.start("b");
    await net.until(() => a.reach.join() === "b", 11_100);
    await net.pass(6000);
    a.linkTo("b")?.close("cut by the test");
    await net.until(() => a.reach.join() === "b", 300);
  });

  test("is dialled as soon where it could not be known whose the link was", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b", { advertise: { host: "a.example", port: 1 } });
    const b = net.start("b");
    await net.pass(1000);
    b.cluster.setSeeds([addressOf("a")]);
    await net.pass(6000);
    const count = net.dialsOf("b").length;
    expect(count).toBe(1);
    a.cluster.setSeeds([]);
    b.linkTo("a")?.close("cut by the test");
    await net.until(() => b.reach.join() === "a", 300);
  });

  test("is dialled ever more slowly where links break as soon as they are up", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    net.start("b");
    for (let ms = 0; ms < 60_000; ms += 10) {
      a.linkTo("b")?.close("cut by the test");
      await net.pass(10);
    }
    expect(net.dialsOf("a").length).toBeLessThan(25);
    await net.until(() => a.reach.join() === "b", 11_100);
  });
});

describe("a node that was heard of", () => {
  test("is dialled at once by the arbiter, and after 300 ms by the other", async () => {
    const net = new SmallCluster();
    net.start("a");
    net.start("b", "a", { advertise: { host: "10.8.8.8", port: 88 } });
    net.start("c", "a", { advertise: { host: "10.8.8.8", port: 99 } });
    net.start("d", "a", { advertise: "none" });
    await net.pass(200);
    const whoDialled = (port: number): string[] => {
      const dials = net.network.dials.filter(({ to }) => to === `10.8.8.8:${port}`);
      return [...new Set(dials.map(({ from }) => from))].toSorted();
    };
    // The last one cannot be dialled itself.
    expect([whoDialled(99), whoDialled(88)]).toEqual([["b", "d"], ["d"]]);
    await net.pass(200);
    expect(whoDialled(88)).toEqual(["c", "d"]);
  });

  test("is dialled as long as somebody lists it, and then no more", async () => {
    const net = new SmallCluster();
    net.part("b", "c");
    const a = net.start("a");
    net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(60_000);
    const count = net.dialsOf("b").length;
    expect(count).toBeGreaterThan(5);
    c.kill();
    await net.pass(5000);
    const after = net.dialsOf("b").length;
    await net.pass(60_000);
    expect(net.dialsOf("b").length).toBe(after);
    expect(a.reach).toEqual(["b"]);
  });

  test("is dialled as before where who answers says to be a node that has just been linked", async () => {
    const net = new SmallCluster();
    // Else it lists the other anew.
    net.part("c", "d");
    const d = net.start("d");
    net.network.hosts.push(liarAs(d.host, addressOf("z")));
    net.start("a");
    net.start("b", "a", { advertise: "none" });
    net.start("c", "a", { advertise: addressOf("z") });
    const dials = (): number =>
      net.network.dials.filter(({ from, to }) => from === "b" && to === "10.0.0.26:26").length;
    await net.until(() => dials() > 0, 1000);
    await net.pass(100);
    // It links with b as the one that b has been told of.
    d.cluster.setSeeds([addressOf("a")]);
    await net.pass(1000);
    const count = dials();
    await net.pass(100_000);
    expect(dials() - count).toBeGreaterThan(9);
  });

  test("is where its peer is, if it is on the loopback of that", async () => {
    const net = new SmallCluster();
    const loopback = { host: "127.0.0.1", port: 2 };
    net.start("a");
    net.start("b", "a", { advertise: loopback });
    const c = net.start("c", "a");
    net.part("b", "c");
    await net.pass(2000);
    expect(c.cluster.status().find(({ name }) => name === "b")).toMatchObject({
      state: "carried",
      via: "a",
      address: "10.0.0.1:2",
    });
  });
});

test("the status tells of links, of who is carried, and of whom nobody reaches", async () => {
  const net = new SmallCluster();
  net.part("b", "c");
  net.start("a");
  const b = net.start("b", "az");
  net.start("c", "a");
  await net.pass(8000);
  const status = b.cluster.status();
  expect(status.map(({ name, state, address, via }) => [name, state, address, via])).toEqual([
    ["a", "up", "10.0.0.1:1", undefined],
    ["c", "carried", "10.0.0.3:3", "a"],
    [undefined, expect.stringMatching(/waiting|connecting/), "10.0.0.26:26", undefined],
  ]);
  const [up, carried, seed] = status;
  expect(up).toMatchObject({ direction: "dialled", rttMs: 1, incarnation: 1, queuedBytes: 0 });
  expect(up?.upForMs).toBeGreaterThan(7000);
  expect(up?.counters?.framesOut).toBeGreaterThan(3);
  expect(carried?.lastError?.text).toBe("timeout");
  expect(seed?.retryInMs).toBeLessThanOrEqual(11_000);
});
