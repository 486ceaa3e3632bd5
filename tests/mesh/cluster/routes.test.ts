import { describe, expect, test } from "bun:test";
import {
  encodeNumber,
  encodeRelay,
  encodeRelayed,
  encodeUnreachable,
} from "../../../mesh/cluster/cluster-frames.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { SmallCluster, three } from "./small-cluster.ts";

/** Both reach each other by `a` alone. */
async function carried(): Promise<{
  readonly net: SmallCluster;
  readonly a: SimulatedNode;
  readonly b: SimulatedNode;
  readonly c: SimulatedNode;
}> {
  const net = new SmallCluster();
  net.part("b", "c");
  const a = net.start("a");
  const b = net.start("b", "a");
  const c = net.start("c", "a");
  await net.pass(1000);
  expect([b.reach, c.reach]).toEqual([
    ["a", "c via a"],
    ["a", "b via a"],
  ]);
  return { net, a, b, c };
}

function expectNoMistakes(...nodes: readonly SimulatedNode[]): void {
  expect(nodes.flatMap(({ mistakes }) => mistakes)).toEqual([]);
}

describe("a pair without a link", () => {
  test("is carried by a peer of both, in both directions, in order", async () => {
    const { net, a, b, c } = await carried();
    for (let round = 0; round < 20; round += 1) {
      b.publish();
      c.publish();
      await net.pass(3);
    }
    await net.pass(100);
    expect(b.countsFrom("c")).toHaveLength(20);
    expect(c.countsFrom("b")).toHaveLength(20);
    // What a carries it does not take for its own.
    expect(a.countsFrom("b")).toHaveLength(20);
    expectNoMistakes(a, b, c);
  });

  test("takes the carrier whose name comes first, and keeps it when another comes", async () => {
    const { net, b, c } = await carried();
    const seeds = "bc";
    net.start("z", seeds);
    net.start("A", seeds, { port: 20 });
    await net.pass(2000);
    expect(b.reach).toEqual(["A", "a", "c via a", "z"]);
    b.linkTo("a")?.close("cut by the test");
    await net.pass(20);
    expect(b.reach).toContain("c via A");
    expect(c.reach).toContain("b via A");
    b.publish();
    c.publish();
    await net.pass(100);
    expect([b.countsFrom("c"), c.countsFrom("b")]).toEqual([[1], [1]]);
    expectNoMistakes(b, c);
  });

  test("moves to the link once there is one, and nothing is lost or overtaken", async () => {
    const { net, a, b, c } = await carried();
    net.network.slow("b", "a", 200);
    net.network.slow("a", "c", 100);
    net.join("b", "c");
    for (let round = 0; round < 800; round += 1) {
      b.publish();
      c.publish();
      await net.pass(20);
    }
    await net.pass(1000);
    expect([b.reach, c.reach]).toEqual([
      ["a", "c"],
      ["a", "b"],
    ]);
    expect(b.countsFrom("c")).toEqual(Array.from({ length: 800 }, (_, at) => at + 1));
    expect(c.countsFrom("b")).toEqual(Array.from({ length: 800 }, (_, at) => at + 1));
    expect([...b.events, ...c.events].filter((event) => event.startsWith("lost"))).toEqual([]);
    expect([...b.events, ...c.events].filter((event) => event.startsWith("down"))).toEqual([]);
    expectNoMistakes(a, b, c);
  });

  test("moves after a second even if flushed does not come, and says that something may be lost", async () => {
    const { net, b, c } = await carried();
    net.network.slow("b", "a", 2000);
    net.join("b", "c");
    await net.until(() => b.linkTo("c") !== undefined, 20_000);
    b.publish();
    await net.pass(500);
    expect(b.reach).toEqual(["a", "c via a"]);
    expect(c.countsFrom("b")).toEqual([]);
    await net.pass(600);
    expect(b.reach).toEqual(["a", "c"]);
    expect(c.countsFrom("b")).toEqual([1]);
    expect(b.events.filter((event) => event === "lost c")).toHaveLength(1);
    await net.pass(5000);
    expectNoMistakes(b, c);
    expect(b.links).toHaveLength(2);
  });

  test("whose link breaks is carried at once, on both sides", async () => {
    const net = new SmallCluster();
    const a = net.start("a");
    const b = net.start("b", "a");
    const c = net.start("c", "a");
    await net.pass(1000);
    net.part("b", "c");
    const end = c.linkTo("b");
    b.linkTo("c")?.fall({ reason: "silent", text: "nothing came" });
    expect(b.reach).toEqual(["a", "c via a"]);
    // c has noticed nothing, but learns of it from the open that comes by a, and makes sure. [MESH-5.3]
    await net.pass(20);
    expect(end?.state).toBe("up");
    b.publish();
    await net.pass(1100);
    expect(end?.state).toBe("down");
    expect(c.reach).toEqual(["a", "b via a"]);
    b.publish();
    c.publish();
    await net.pass(100);
    // What came while it did so is not lost.
    expect([b.countsFrom("c"), c.countsFrom("b")]).toEqual([[1], [1, 2]]);
    expect(b.events).toContain("lost c");
    expect(b.events).not.toContain("down c");
    expectNoMistakes(a, b, c);
  });

  test("is down when the last carrier goes, and up when there is one again", async () => {
    const { net, a, b, c } = await carried();
    a.kill();
    await net.pass(20);
    expect([b.reach, c.reach]).toEqual([[], []]);
    expect(b.events.at(-1)).toMatch(/^down/);
    net.start("a", "", { incarnation: 2 });
    await net.until(() => b.reach.length === 2 && c.reach.length === 2, 20_000);
    b.publish();
    await net.pass(100);
    expect(c.countsFrom("b")).toEqual([1]);
    expectNoMistakes(b, c);
  });
});

describe("a link that is not opened yet", () => {
  test("is not closed by an open of a carrier that is late", async () => {
    const { net, b, c } = await carried();
    // What b sends by a is on its way for long, its open among it.
    net.network.slow("a", "c", 900);
    b.linkTo("a")?.close("cut by the test");
    await net.until(() => b.reach.includes("c via a"), 5000);
    net.join("b", "c");
    await net.until(() => b.linkTo("c") !== undefined, 20_000);
    const link = b.linkTo("c");
    await net.pass(10_000);
    expect(link?.state).toBe("up");
    expect([b.reach, c.reach]).toEqual([
      ["a", "c"],
      ["a", "b"],
    ]);
    expectNoMistakes(b, c);
  });

  test("and goes again leaves the pair with its carrier, and what was held goes there", async () => {
    const { net, b, c } = await carried();
    net.network.slow("a", "c", 300);
    net.join("b", "c");
    await net.until(() => b.linkTo("c") !== undefined, 20_000);
    // Both have it, and neither has opened it.
    await net.pass(20);
    b.publish();
    net.part("b", "c");
    b.linkTo("c")?.close("cut by the test");
    b.publish();
    await net.pass(2000);
    expect(b.reach).toEqual(["a", "c via a"]);
    expect(c.countsFrom("b")).toEqual([1, 2]);
    // It has heard of the link's end by a alone. [MESH-5.3]
    expect(c.linkTo("b")).toBeUndefined();
    expect(c.reach).toEqual(["a", "b via a"]);
    expectNoMistakes(b, c);
  });
});

describe("a carrier", () => {
  test("says when it does not reach the destination, and is not asked again", async () => {
    const { net, a, b, c } = await carried();
    const link = b.linkTo("a");
    link?.deliver(encodeUnreachable(c.host.identity.instance));
    expect(b.reach).toEqual(["a"]);
    await net.pass(5000);
    expect(b.reach).toEqual(["a"]);
    // Until it lists it anew.
    a.linkTo("c")?.close("cut by the test");
    await net.until(() => b.reach.includes("c via a"), 10_000);
    expectNoMistakes(b, c);
  });

  test("answers for whom it has no link with, and passes on only to its own links", async () => {
    const { net, a, b } = await carried();
    const link = b.linkTo("a");
    const before = link?.counters.framesIn ?? 0;
    const strange = new Uint8Array(16).fill(0xee);
    link?.sendMessage(encodeRelay(strange, encodeNumber("open", 1)), "x");
    const own = Uint8Array.fromHex(a.host.identity.instance);
    link?.sendMessage(encodeRelay(own, encodeNumber("open", 1)), "x");
    const sender = Uint8Array.fromHex(b.host.identity.instance);
    link?.sendMessage(encodeRelay(sender, encodeNumber("open", 1)), "x");
    await net.pass(100);
    expect((link?.counters.framesIn ?? 0) - before).toBe(3);
    expect(link?.other?.sent.slice(-3).map((frame) => frame[0])).toEqual([0x16, 0x16, 0x16]);
    expect(link?.state).toBe("up");
    expect(b.reach).toEqual(["a", "c via a"]);
  });

  test("that is asked to pass on what is no node frame closes the link, and goes on with others", async () => {
    const { net, b, c } = await carried();
    const destination = Uint8Array.fromHex(c.host.identity.instance);
    b.linkTo("a")?.sendMessage(encodeRelay(destination, new Uint8Array([0x15, 1])), "x");
    await net.pass(20);
    expect(b.links).toEqual([]);
    expect(c.reach).toEqual(["a"]);
    await net.until(() => b.reach.length === 2, 10_000);
    b.publish();
    await net.pass(100);
    expect(c.countsFrom("b")).toEqual([1]);
  });

  test("that passes on nonsense of another is not blamed for it", async () => {
    const { net, a, b, c } = await carried();
    const destination = Uint8Array.fromHex(c.host.identity.instance);
    const link = b.linkTo("a");
    for (const frame of [[0x7f, 1, 2], [0x20], [0x21, 1], [0x22, 0, 0, 0, 9], [0x20, 0, 0, 0, 0]]) {
      link?.sendMessage(encodeRelay(destination, new Uint8Array(frame)), "x");
    }
    await net.pass(100);
    expect(c.links).toHaveLength(1);
    expect(c.log.messages("warn")).toContain(
      "a node sends what cannot be read; is it of another version?",
    );
    b.publish();
    await net.pass(100);
    expect(c.countsFrom("b")).toEqual([1]);
    expectNoMistakes(a, b, c);
  });

  test("that drops messages because its own link is full loses nothing of routes", async () => {
    const { net, a, b, c } = await carried();
    const full = a.linkTo("c");
    if (full !== undefined) full.messagesLeft = 0;
    b.publish();
    b.cluster.node("c")?.sendControl(new Uint8Array([0x23, 1]));
    await net.pass(50);
    expect(full?.sent.at(-1)?.slice(17)).toEqual(new Uint8Array([0x23, 1]));
    expect(c.countsFrom("b")).toEqual([]);
    expect(b.reach).toContain("c via a");
    if (full !== undefined) full.messagesLeft = 100;
    b.publish();
    await net.pass(50);
    expect(c.countsFrom("b")).toEqual([2]);
    expect(full?.state).toBe("up");
    expectNoMistakes(a, b, c);
  });

  test("whose own link is so full that routes would suffer says that it does not reach", async () => {
    const { net, a, b } = await carried();
    const full = a.linkTo("c");
    if (full !== undefined) {
      full.messagesLeft = 0;
      full.queuedBytes = 20_000_000;
    }
    b.cluster.node("c")?.sendControl(new Uint8Array([0x23, 1]));
    await net.pass(50);
    expect(b.reach).toEqual(["a"]);
    expect(full?.state).toBe("up");
  });
});

describe("a way that is not the one opened last", () => {
  test("brings nothing, and an open that is late does not change that", async () => {
    const { net, a, b, c } = await carried();
    net.join("b", "c");
    await net.until(() => b.reach.includes("c") && c.reach.includes("b"), 20_000);
    await net.pass(50);
    const link = b.linkTo("c");
    const late = encodeRelay(Uint8Array.fromHex(b.host.identity.instance), encodeNumber("open", 0));
    c.linkTo("a")?.sendMessage(late, "x");
    await net.pass(50);
    c.publish();
    await net.pass(50);
    expect(b.countsFrom("c")).toEqual([1]);
    expect(link?.state).toBe("up");
    expect(b.reach).toEqual(["a", "c"]);
    expectNoMistakes(a, b, c);
  });

  test("brings nothing before it is opened", async () => {
    const { net, b, c } = await carried();
    net.network.slow("a", "c", 500);
    net.join("b", "c");
    await net.until(() => c.linkTo("b") !== undefined, 20_000);
    const early = Buffer.from(`_b ${c.host.identity.instance} 1 `);
    early[0] = 0x28;
    c.linkTo("b")?.deliver(early);
    expect(c.countsFrom("b")).toEqual([]);
    await net.pass(2000);
    c.linkTo("b")?.deliver(early);
    expect(c.countsFrom("b")).toEqual([1]);
    expectNoMistakes(b, c);
  });

  test("is lost with what was on it when the other side opens another without flush", async () => {
    const { net, b, c } = await carried();
    const second = net.start("d", "bc");
    await net.pass(1000);
    const open = encodeRelay(
      Uint8Array.fromHex(c.host.identity.instance),
      encodeNumber("open", 1000),
    );
    const before = c.events.length;
    b.linkTo("d")?.sendMessage(open, "x");
    await net.pass(50);
    expect(c.events.slice(before)).toEqual(["lost b", "opened b"]);
    expectNoMistakes(b, c, second);
  });
});

describe("what a node says of itself while it is in doubt that it has lost the link", () => {
  const BODY_BYTES = 65_000;

  /** `b` has lost its link with `a`, and says by `c` so many times that it wants much. */
  async function saying(times: number) {
    const all = await three();
    const { net, a, b, c } = all;
    const link = a.linkTo("b");
    const by = a.linkTo("c");
    const mute = b.linkTo("a");
    if (mute) mute.isMute = true;
    const say = (frame: Uint8Array): void => {
      const chunk = Buffer.from(frame);
      const source = Uint8Array.fromHex(b.host.identity.instance);
      const carried = { instance: "", type: chunk[0] ?? 0, chunk, start: 1, end: chunk.length };
      c.linkTo("a")?.sendControl(encodeRelayed(source, carried));
    };
    say(encodeNumber("open", 1000));
    const want = new Uint8Array(1 + BODY_BYTES);
    want[0] = 0x23;
    for (let time = 0; time < times; time += 1) say(want);
    await net.pass(500);
    expect(a.wantedBytes).toBe(0);
    await net.pass(600);
    expect(link?.state).toBe("down");
    return { ...all, by };
  }

  test("is kept whole, as much as it may be", async () => {
    const { a, by } = await saying(56);
    expect(a.wantedBytes).toBe(56 * BODY_BYTES);
    expect(by?.state).toBe("up");
  });

  test("is not taken in part if it is more: the way it came by is closed, and opened anew", async () => {
    const { net, a, b, c, by } = await saying(80);
    expect(a.wantedBytes).toBe(0);
    expect(by?.state).toBe("down");
    await net.until(() => a.reach.join() === "b,c" && b.reach.join() === "a,c", 40_000);
    await net.pass(100);
    const before = a.countsFrom("b").length;
    b.publish();
    await net.pass(100);
    expect(a.countsFrom("b")).toHaveLength(before + 1);
    expectNoMistakes(a, b, c);
  });
});

describe("what is held while a node moves", () => {
  test("is bounded for messages, and never lost for control", async () => {
    const { net, b, c } = await carried();
    net.network.slow("a", "c", 500);
    net.join("b", "c");
    await net.until(() => b.linkTo("c") !== undefined, 20_000);
    const node = b.cluster.node("c");
    const big = new Uint8Array(8_000_000);
    big[0] = 0x29;
    expect(node?.sendMessage(big, "x")).toBe(true);
    expect(node?.hasRoom).toBe(false);
    expect(node?.sendMessage(big, "x")).toBe(true);
    expect(node?.sendMessage(big, "x")).toBe(false);
    let isDrained = false;
    void node?.drained().then(() => {
      isDrained = true;
    });
    const scratch = new Uint8Array([0x23, 1]);
    node?.sendControl(scratch);
    scratch.fill(0);
    await net.pass(1);
    expect(isDrained).toBe(false);
    await net.pass(1000);
    expect(isDrained).toBe(true);
    expect(node?.via).toBeUndefined();
    const types = b.linkTo("c")?.sent.map((frame) => frame[0]);
    // Peers, open, what was held, and then what the node is to know.
    expect(types).toEqual([0x10, 0x20, 0x29, 0x29, 0x23, 0x25, 0x26]);
    expectNoMistakes(b, c);
  });
});
