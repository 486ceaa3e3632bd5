import { describe, expect, test } from "bun:test";
import { SmallCluster } from "./small-cluster.ts";

const TWO =
  /^two nodes have the name "b", one at 10\.0\.0\.\d+:\d+ and one at 10\.0\.0\.\d+:\d+; give one another \[node\] name$/;

describe("a restart", () => {
  test("of a process takes the place of its old self, which is down first", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    const b = net.start("b");
    await net.pass(1000);
    b.kill();
    net.start("b", "a", { incarnation: 2 });
    await net.pass(1000);
    expect(a.reach).toEqual(["b"]);
    expect(a.cluster.node("b")?.incarnation).toBe(2);
    expect(a.events).toEqual(["open b", "opened b", "down b", "open b", "opened b"]);
  });

  test("of a machine that could not say goodbye needs no longer than a probe", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    b.kill("machine");
    const anew = net.start("b", "a", { incarnation: 2 });
    await net.until(() => anew.reach.join() === "a,c", 4000);
    await net.pass(100);
    expect([a.cluster.node("b")?.incarnation, c.cluster.node("b")?.incarnation]).toEqual([2, 2]);
    expect([a.mistakes, c.mistakes, anew.mistakes]).toEqual([[], [], []]);
    expect(a.log.messages("error")).toEqual([]);
  });

  test("is let in by a node that only hears of the old self from another", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    net.part("b", "c");
    const b = net.start("b", "a", { advertise: "none" });
    const c = net.start("c", "a");
    await net.pass(2000);
    expect(c.reach).toEqual(["a", "b via a"]);
    b.kill("machine");
    net.join("b", "c");
    const anew = net.start("b", "c", { incarnation: 2 });
    await net.until(() => anew.links.length === 2, 5000);
    expect(c.cluster.node("b")?.incarnation).toBe(2);
    expect(a.cluster.node("b")?.incarnation).toBe(2);
  });
});

describe("a node of which a peer has not heard that it restarted", () => {
  test("keeps its new link", async () => {
    const net = new SmallCluster();
    net.part("a", "c");
    const a = net.start("a");
    const c = net.start("c", "a");
    const b = net.start("b", "a");
    await net.pass(30_000);
    b.kill("machine");
    const anew = net.start("b", "c", { incarnation: 2 });
    await net.pass(200);
    net.join("a", "c");
    c.cluster.setSeeds([]);
    a.cluster.setSeeds([{ host: "10.0.0.3", port: 3 }]);
    await net.until(() => a.cluster.node("b")?.incarnation === 2, 7000);
    await net.pass(5000);
    expect(anew.reach).toEqual(["a", "c"]);
    expect(anew.events).not.toContain("down c");
    expect(c.log.messages("error")).toEqual([]);
  });
});

describe("a second node of a name", () => {
  test("that is newer is refused as long as the first answers, by all", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    const second = net.start("b", "ac", { port: 26, incarnation: 2 });
    await net.pass(10_000);
    expect(second.reach).toEqual([]);
    expect([a.reach, b.reach, c.reach]).toEqual([
      ["b", "c"],
      ["a", "c"],
      ["a", "b"],
    ]);
    expect(second.log.messages("error")[0]).toMatch(TWO);
    expect(a.log.messages("error")[0]).toMatch(TWO);
    // It asks again and again, and so takes over when the first has gone.
    b.kill();
    await net.until(() => second.reach.join() === "a,c", 40_000);
    expect([a.mistakes, c.mistakes, second.mistakes]).toEqual([[], [], []]);
  });

  test("that is older is refused at once", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    net.start("b", "a", { incarnation: 2 });
    await net.pass(1000);
    const attempt = { direction: "accepted", address: { host: "10.0.0.9", port: 4 } } as const;
    const peer = { name: "b", instance: "ab".repeat(16), incarnation: 1 };
    const refusal = a.cluster.decide(attempt, peer);
    await net.pass(0);
    expect(await refusal).toMatchObject({ code: "duplicate_name" });
    await net.pass(2000);
    expect(a.reach).toEqual(["b"]);
  });

  test("and another at the same moment: one of them is let through, and only one", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const peers = ["b1", "b2", "b3"].map((digits) => ({
      name: "b",
      instance: digits.repeat(16),
      incarnation: 1,
    }));
    const attempts = peers.map((_, at) => {
      return { direction: "accepted", address: { host: "10.0.0.9", port: at + 1 } } as const;
    });
    const decide = (at: number): unknown => {
      const [attempt, peer] = [attempts[at], peers[at]];
      return attempt && peer && a.cluster.decide(attempt, peer);
    };
    const refusals = [0, 1, 2].map(decide);
    await net.pass(3000);
    const [first, ...others] = await Promise.all(refusals);
    expect(first).toBeUndefined();
    for (const other of others) expect(other).toMatchObject({ code: "duplicate_name" });
    // Once its outcome was told, the name is free again.
    const [attempt] = attempts;
    const failure = { kind: "failed", reason: "timeout", text: "it took too long" } as const;
    if (attempt !== undefined) a.cluster.onFailed(attempt, failure);
    expect(decide(1)).toBeUndefined();
  });

  test("whose set-up ended while it was judged keeps the name from nobody", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    await net.pass(1000);
    b.kill("machine");
    const second = { name: "b", instance: "b2".repeat(16), incarnation: 2 };
    const third = { name: "b", instance: "b3".repeat(16), incarnation: 3 };
    const attempt = { direction: "accepted", address: { host: "10.0.0.9", port: 1 } } as const;
    const judged = a.cluster.decide(attempt, second);
    a.cluster.onFailed(attempt, { kind: "failed", reason: "timeout", text: "it took too long" });
    await net.pass(2000);
    await judged;
    expect(a.cluster.decide({ ...attempt }, third)).toBeUndefined();
  });

  test("with this node's own name is refused, and is told both addresses", async () => {
    const net = new SmallCluster();
    const b = net.start("b");
    const second = net.start("b", "b", { port: 26 });
    await net.pass(3000);
    expect([b.reach, second.reach]).toEqual([[], []]);
    expect(second.log.messages("error")[0]).toMatch(TWO);
    expect(b.log.messages("error")[0]).toMatch(TWO);
  });

  test("that got in elsewhere meanwhile is sent away by the peer of the newer", async () => {
    const net = new SmallCluster();
    net.part("a", "c");
    const a = net.start("a");
    const c = net.start("c", "a");
    const first = net.start("b", "a", { incarnation: 1 });
    const second = net.start("b", "c", { port: 26, incarnation: 2 });
    await net.pass(3000);
    expect([a.reach, c.reach]).toEqual([["b"], ["b"]]);
    net.join("a", "c");
    await net.until(() => c.cluster.node("b")?.incarnation === 1, 30_000);
    expect(a.cluster.node("b")?.incarnation).toBe(1);
    await net.pass(5000);
    expect(second.reach).toEqual([]);
    expect(second.log.messages("error")[0]).toMatch(TWO);
    expect(first.reach).toEqual(["a", "c"]);
    expect([a, c, first, second].flatMap(({ mistakes }) => mistakes)).toEqual([]);
  });
});
