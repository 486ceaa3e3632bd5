import { describe, expect, test } from "bun:test";
import { SmallCluster } from "./small-cluster.ts";

describe("a pair of nodes", () => {
  test("that dial each other at once has one link, which the arbiter has chosen", async () => {
    const net = new SmallCluster();
    const b = net.start("b", "a");
    const a = net.start("a", "b");
    await net.pass(1000);
    expect([a.reach, b.reach]).toEqual([["b"], ["a"]]);
    expect([a.links.length, b.links.length]).toEqual([1, 1]);
    await net.pass(60_000);
    // Whoever was refused does not ask again as long as the link is there.
    expect(net.network.dials).toHaveLength(2);
    expect(a.log.messages("warn")).toEqual([]);
    expect(b.log.messages("warn")).toEqual([]);
  });

  test("hears of a third, and is linked with it without a seed of its own", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    expect([a.reach, b.reach, c.reach]).toEqual([
      ["b", "c"],
      ["a", "c"],
      ["a", "b"],
    ]);
    const dialled = c.linkTo("b")?.direction;
    // Of the two that hear of each other, the arbiter dials at once.
    expect(dialled).toBe("accepted");
  });

  test("is linked by the one that cannot be dialled", async () => {
    const net = new SmallCluster();
    net.start("a");
    const b = net.start("b", "a", { advertise: "none" });
    const c = net.start("c", "a", { advertise: "none" });
    await net.pass(500);
    const d = net.start("d", "a");
    await net.pass(200);
    expect(d.reach).toEqual(["a", "b", "c"]);
    // Nobody can dial the other, so a carries.
    await net.pass(1000);
    expect([b.reach, c.reach]).toEqual([
      ["a", "c via a", "d"],
      ["a", "b via a", "d"],
    ]);
  });

  test("lets a newer link take the place of one that only the arbiter has lost", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    const b = net.start("b");
    await net.pass(7000);
    const older = b.linkTo("a");
    // b does not hear of it.
    a.linkTo("b")?.fall({ reason: "closed", text: "closed" });
    // The time in which b makes sure of it.
    await net.pass(1500);
    expect(b.links).toHaveLength(1);
    expect(older?.down?.reason).toBe("dropped");
    expect(b.events.slice(-4)).toEqual(["lost a", "open a", "lost a", "opened a"]);
    expect([a.mistakes, b.mistakes]).toEqual([[], []]);
    a.publish();
    b.publish();
    await net.pass(100);
    expect([a.countsFrom("b"), b.countsFrom("a")]).toEqual([[1], [1]]);
  });

  test("has no second one beside a first that is up", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    await net.pass(1000);
    const attempt = { direction: "accepted", address: { host: "10.0.0.2", port: 9 } } as const;
    const text = 'there is a link with "b" already';
    const refusal = { code: "duplicate_link", text } as const;
    expect(a.cluster.decide(attempt, b.host.identity)).toEqual(refusal);
    // The other side of the pair takes what the arbiter makes, but not as long as it still has the first. [MESH-2.2]
    const decision = b.cluster.decide(attempt, a.host.identity);
    await net.pass(2000);
    expect(await decision).toMatchObject({ code: "duplicate_link" });
    expect(a.reach).toEqual(["b"]);
  });

  test("is not taken apart by somebody else who uses the arbiter's instance", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    await net.pass(1000);
    const attempt = { direction: "accepted", address: { host: "10.0.0.9", port: 9 } } as const;
    const { identity } = a.host;
    const claims = [identity, { ...identity, incarnation: 7 }, { ...identity, name: "z" }];
    const decisions = claims.map(async (claimed) => b.cluster.decide({ ...attempt }, claimed));
    await net.pass(2000);
    const codes = (await Promise.all(decisions)).map((refusal) => refusal?.code);
    expect(codes).toEqual(["duplicate_link", "duplicate_name", "duplicate_name"]);
    expect(b.events).not.toContain("lost a");
    expect(b.linkTo("a")?.state).toBe("up");
  });

  test("finds out within a second that only the other side has lost the link", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    await net.pass(7000);
    const end = a.linkTo("b");
    b.linkTo("a")?.fall({ reason: "closed", text: "closed" });
    await net.until(() => end?.state === "down", 1500);
    await net.until(() => a.reach.length === 1 && b.reach.length === 1, 3000);
    expect(a.links).toHaveLength(1);
  });
});

describe("an attempt that is not let through", () => {
  test("to oneself is said once, and tried at the longest interval", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "a");
    await net.pass(100_000);
    expect(net.dialsOf("a").length).toBe(10);
    expect(a.log.messages("info")).toEqual([
      "this node is its own peer; the address may stay in the config",
    ]);
  });

  test("to another cluster is said, and tried at the longest interval", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "b");
    const b = net.start("b", "", { cluster: "other" });
    await net.pass(50_000);
    expect(net.dialsOf("a").length).toBe(5);
    expect(a.log.messages("warn")).toEqual(["a node of another cluster"]);
    expect(b.log.messages("warn")).toEqual(["a node of another cluster"]);
    expect([a.reach, b.reach]).toEqual([[], []]);
  });

  test("beyond as many nodes as may be says so, and the others are not harmed", async () => {
    const net = new SmallCluster();
    const limits = { meshNodesMax: 2 };
    const a = net.start("a", "", { limits });
    net.start("b", "a");
    net.start("c", "a");
    await net.pass(1000);
    const d = net.start("d", "a");
    await net.pass(3000);
    expect(a.reach).toEqual(["b", "c"]);
    expect(d.reach).toEqual([]);
    const line = d.log.lines.find(({ message }) => message === "link refused");
    expect(line?.fields["why"]).toBe(
      '"a" has links with 2 nodes, as many as mesh_nodes_max allows',
    );
  });

  test("because nobody there knows the secret is said once a minute", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const attempt = { direction: "accepted", address: { host: "10.9.9.9", port: 1 } } as const;
    for (let port = 1; port <= 10; port += 1) {
      const failure = { kind: "failed", reason: "wrong_proof", text: "no" } as const;
      a.cluster.onFailed({ ...attempt, address: { host: "10.9.9.9", port } }, failure);
    }
    expect(a.log.messages("warn")).toEqual([
      "authentication failed; is the cluster secret the same on both?",
    ]);
  });
});

describe("a node that stops", () => {
  test("says so, and is forgotten at once by all, whoever still lists it", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    // What a says of it comes much later.
    net.network.slow("a", "b", 3000);
    const stopped = c.cluster.stop();
    await net.pass(100);
    await stopped;
    expect([a.reach, b.reach]).toEqual([["b"], ["a"]]);
    expect(b.events.findLast((event) => event.endsWith(" c"))).toBe("down c");
    expect(a.log.messages("info").at(-1)).toBe("a peer stops");
    await net.pass(5000);
    expect(b.events.filter((event) => event === "down c")).toHaveLength(1);
    expect(c.cluster.nodes()).toEqual([]);
    expect(c.mistakes).toEqual([]);
  });

  test("refuses whoever comes, and gives up whom it dials", async () => {
    const net = new SmallCluster();
    const a = net.start("a", "z");
    await net.pass(0);
    const stopped = a.cluster.stop();
    const attempt = { direction: "accepted", address: { host: "10.0.0.2", port: 1 } } as const;
    const peer = { name: "b", instance: "bb".repeat(16), incarnation: 1 };
    expect(a.cluster.decide(attempt, peer)).toEqual({ code: "stopping", text: "the node stops" });
    await net.pass(100);
    await stopped;
    const dials = net.network.dials.length;
    await net.pass(60_000);
    expect(net.network.dials.length).toBe(dials);
  });
});
