/** Nodes that die, freeze, come back, or are two of one name; real processes. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FaultProxy, freePort } from "../helpers/fault-proxy.ts";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { allLinked, eventually, printFigure } from "../helpers/mesh-view.ts";

const MiB = 1024 * 1024;
/** So that a test need not wait for what stands in the protocol. */
const QUICK = { mesh_ping_interval_ms: 200, mesh_silence_timeout_ms: 1000 };

let bed: MeshBed;
beforeEach(() => {
  bed = new MeshBed();
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

/** The first, and others that dial it. */
async function mesh(
  names: readonly string[],
  limits: Readonly<Record<string, number>> = {},
): Promise<MeshProcess[]> {
  const nodes: MeshProcess[] = [];
  for (const name of names) {
    nodes.push(await bed.start({ name, limits, peers: nodes.slice(0, 1) }));
  }
  await allLinked(nodes);
  return nodes;
}

/** Until the node reaches nobody but these. */
async function reaches(node: MeshProcess, names: readonly string[], timeoutMs: number) {
  return await eventually(
    () => node.reached(),
    (reached) => Bun.deepEquals(reached, names),
    timeoutMs,
  );
}

describe("kill -9", () => {
  test("others see it down within a second, and what it was asked fails", async () => {
    const [surf, bhop, jail] = await mesh(["surf", "bhop", "jail"]);
    if (!surf || !bhop || !jail) throw new Error("three were started");
    const asked = bhop.request("surf", "hang");
    // It is on its way once another is answered, for requests keep their order.
    expect(await bhop.ask("echo", "there", "surf")).toBe("there");
    surf.node.kill("SIGKILL");
    const beganMs = performance.now();
    expect(await asked).toMatchObject({ body: { code: "node_lost" } });
    await reaches(bhop, ["jail"], 1000);
    await reaches(jail, ["bhop"], 1000);
    expect(performance.now() - beganMs).toBeLessThan(1000);
    expect(await bhop.presence()).toEqual(["bhop", "jail"]);
    expect(await bhop.request("surf", "echo")).toMatchObject({
      status: 404,
      body: { code: "unknown_node" },
    });
    expect(await bhop.ask("echo", "still", "jail")).toBe("still");
  }, 20_000);

  test("and a restart: the new self takes over at once", async () => {
    const port = await freePort();
    const surf = await bed.start({ name: "surf", port });
    const bhop = await bed.start({ name: "bhop", peers: [surf] });
    await allLinked([surf, bhop]);
    const [before] = await bhop.peers();
    surf.node.kill("SIGKILL");
    const again = await bed.start({ name: "surf", port, peers: [bhop] });
    const tookMs = await allLinked([again, bhop], 2000);
    expect(tookMs).toBeLessThan(2000);
    const [after] = await bhop.peers();
    expect(after?.incarnation ?? 0).toBeGreaterThan(before?.incarnation ?? 0);
    expect(await bhop.ask("echo", "new", "surf")).toBe("new");
    expect(await again.ask("echo", "back", "bhop")).toBe("back");
  }, 20_000);

  test("and a restart while the old self is not known to be dead: the new one takes over", async () => {
    const port = await freePort();
    const surf = await bed.start({ name: "surf", port, advertise: "none" });
    await using line = await FaultProxy.to(surf.port);
    const bhop = await bed.start({ name: "bhop", peers: [line] });
    await allLinked([surf, bhop]);
    // No FIN reaches the other: as if the machine had lost its power.
    line.fault({ toClient: { cut: "vanish" } });
    surf.node.kill("SIGKILL");
    const again = await bed.start({ name: "surf", peers: [bhop] });
    const tookMs = await allLinked([again, bhop], 4000);
    // The old one is given a second to show that it is alive. [MESH-2.4]
    expect(tookMs).toBeLessThan(4000);
    expect(await bhop.ask("echo", "new", "surf")).toBe("new");
  }, 20_000);
});

test("SIGTERM: a node that stops says so, and is forgotten at once", async () => {
  const [surf, bhop] = await mesh(["surf", "bhop"]);
  if (!surf || !bhop) throw new Error("two were started");
  const asked = bhop.request("surf", "hang", null, 10_000);
  expect(await bhop.ask("echo", "there", "surf")).toBe("there");
  expect(await surf.node.stop()).toBe(0);
  expect(await bhop.reached()).toEqual([]);
  expect(await bhop.presence()).toEqual(["bhop"]);
  expect(await asked).toMatchObject({ body: { code: "node_lost" } });
  expect((await bhop.node.logged("a peer stops")).level).toBe("info");
  expect(bhop.node.stdout).not.toContain("link lost");
}, 20_000);

describe("SIGSTOP", () => {
  test("of a peer: down after eight seconds, and publishing to it costs bounded memory", async () => {
    const [surf, bhop, jail] = await mesh(["surf", "bhop", "jail"]);
    if (!surf || !bhop || !jail) throw new Error("three were started");
    const before = await bhop.memoryBytes();
    surf.node.kill("SIGSTOP");
    const stoppedMs = performance.now();
    try {
      // Some 50 MB/s, to who reads nothing and to who reads all.
      await bhop.ask("pour", { topic: "pour.x", bytes: 4000, perTurn: 20, forMs: 9000 });
      let mostBytes = 0;
      const watched = await eventually(
        async () => {
          mostBytes = Math.max(mostBytes, await bhop.memoryBytes());
          return await bhop.reached();
        },
        (reached) => Bun.deepEquals(reached, ["jail"]),
        11_000,
      );
      const downMs = performance.now() - stoppedMs;
      printFigure("a peer that was stopped is down", downMs);
      expect(watched.answer).toEqual(["jail"]);
      expect(downMs).toBeGreaterThan(5500);
      expect(downMs).toBeLessThan(8700);
      // The queue's 16 MiB, what the system takes, and the collector's slack.
      expect(mostBytes - before).toBeLessThan(64 * MiB);
      await reaches(jail, ["bhop"], 1500);
      expect(await bhop.ask("echo", "still", "jail")).toBe("still");
    } finally {
      surf.node.kill("SIGCONT");
    }
    // It comes back by itself.
    await allLinked([surf, bhop, jail], 10_000);
    expect(await bhop.ask("echo", "back", "surf")).toBe("back");
  }, 40_000);

  test("shorter than the silence that counts as death goes unnoticed, also by itself", async () => {
    const limits = { mesh_ping_interval_ms: 200, mesh_silence_timeout_ms: 3000 };
    const [surf, bhop] = await mesh(["surf", "bhop"], limits);
    if (!surf || !bhop) throw new Error("two were started");
    surf.node.kill("SIGSTOP");
    await Bun.sleep(2000);
    surf.node.kill("SIGCONT");
    await Bun.sleep(1500);
    expect(await surf.linked()).toEqual(["bhop"]);
    expect(await bhop.linked()).toEqual(["surf"]);
    expect(surf.node.stdout + bhop.node.stdout).not.toContain("lost");
  }, 20_000);
});

test("two of which one freezes find each other again, though the only seed of both is dead", async () => {
  const [surf, bhop, jail] = await mesh(["surf", "bhop", "jail"], QUICK);
  if (!surf || !bhop || !jail) throw new Error("three were started");
  surf.node.kill("SIGKILL");
  await Promise.all([reaches(bhop, ["jail"], 2000), reaches(jail, ["bhop"], 2000)]);
  bhop.node.kill("SIGSTOP");
  await reaches(jail, [], 4000);
  bhop.node.kill("SIGCONT");
  const beganMs = performance.now();
  await allLinked([bhop, jail], 15_000);
  printFigure("survivors of a seed are linked again after one froze", performance.now() - beganMs);
  expect(await bhop.ask("echo", "again", "jail")).toBe("again");
}, 30_000);

describe("a black hole on the line", () => {
  test("is noticed by both sides when the silence has lasted, and healed by a new link", async () => {
    const surf = await bed.start({ name: "surf", limits: QUICK, advertise: "none" });
    await using line = await FaultProxy.to(surf.port);
    const bhop = await bed.start({ name: "bhop", limits: QUICK, peers: [line], advertise: "none" });
    await allLinked([surf, bhop]);
    const asked = bhop.request("surf", "hang", null, 10_000);
    line.faultBoth({ cut: "vanish" });
    const beganMs = performance.now();
    await Promise.all([reaches(surf, [], 2500), reaches(bhop, [], 2500)]);
    expect(performance.now() - beganMs).toBeGreaterThan(700);
    expect(await asked).toMatchObject({ body: { code: "node_lost" } });
    line.heal();
    await allLinked([surf, bhop], 15_000);
    expect(await bhop.ask("echo", "again", "surf")).toBe("again");
  }, 30_000);

  test("is noticed after eight seconds, and publishing into it costs bounded memory", async () => {
    const surf = await bed.start({ name: "surf", advertise: "none" });
    await using line = await FaultProxy.to(surf.port);
    const bhop = await bed.start({ name: "bhop", peers: [line], advertise: "none" });
    await allLinked([surf, bhop]);
    const before = await bhop.memoryBytes();
    // Nothing is taken, and so all that is sent waits, as for what no machine confirms.
    line.faultBoth({ cut: "hold" });
    const beganMs = performance.now();
    await bhop.ask("pour", { topic: "pour.x", bytes: 4000, perTurn: 20, forMs: 9000 });
    let mostBytes = 0;
    const bhopIsAlone = eventually(
      async () => {
        mostBytes = Math.max(mostBytes, await bhop.memoryBytes());
        return await bhop.reached();
      },
      (reached) => reached.length === 0,
      11_000,
    );
    const [{ answer }] = await Promise.all([bhopIsAlone, reaches(surf, [], 11_000)]);
    const downMs = performance.now() - beganMs;
    printFigure("a peer in a black hole is down", downMs);
    expect(answer).toEqual([]);
    // The last that came may be a ping's time old.
    expect(downMs).toBeGreaterThan(5500);
    expect(downMs).toBeLessThan(8900);
    expect((await bhop.node.logged("link lost"))["reason"]).toBe("silent");
    // The queue's 16 MiB, and the collector's slack; the system's buffers are none of its memory.
    expect(mostBytes - before).toBeLessThan(64 * MiB);
    line.heal();
    await allLinked([surf, bhop], 16_000);
    expect(await bhop.ask("echo", "again", "surf")).toBe("again");
  }, 50_000);

  test("one way is noticed, too", async () => {
    const surf = await bed.start({ name: "surf", limits: QUICK, advertise: "none" });
    await using line = await FaultProxy.to(surf.port);
    const bhop = await bed.start({ name: "bhop", limits: QUICK, peers: [line], advertise: "none" });
    await allLinked([surf, bhop]);
    line.fault({ toServer: { cut: "vanish" } });
    await Promise.all([reaches(surf, [], 2500), reaches(bhop, [], 4000)]);
    line.heal();
    await allLinked([surf, bhop], 15_000);
  }, 30_000);
});

describe("two live nodes of one name", () => {
  test("the second is refused, both addresses are logged, and the first is undisturbed", async () => {
    const [surf, bhop] = await mesh(["surf", "bhop"]);
    if (!surf || !bhop) throw new Error("two were started");
    const second = await bed.startSecond({ name: "bhop", peers: [surf] });
    // Word for word, because an operator has to act on it. The second is where its connection came from.
    const text = new RegExp(
      `^two nodes have the name "bhop", one at 127.0.0.1:${bhop.port} and one at 127.0.0.1:\\d+; ` +
        "give one another \\[node\\] name$",
    );
    for (const { node } of [second, surf]) {
      const line = await node.logged("two nodes have the name");
      expect(line.level).toBe("error");
      expect(line.message).toMatch(text);
    }
    expect(await second.linked()).toEqual([]);
    expect(await surf.linked()).toEqual(["bhop"]);
    expect(await surf.ask("echo", "first", "bhop")).toBe("first");
    expect(bhop.node.stdout + surf.node.stdout).not.toContain("link lost");
    // Once the first has gone, the second may take its place.
    await bhop.node.stop();
    await allLinked([surf, second], 16_000);
  }, 40_000);
});

describe("a clock that jumps by an hour", () => {
  test.each([3_600_000, -3_600_000])(
    "by %d ms, and nothing goes down",
    async (jumpMs) => {
      const [surf, bhop] = await mesh(["surf", "bhop"], QUICK);
      if (!surf || !bhop) throw new Error("two were started");
      expect(await surf.ask("jump", jumpMs)).toBe("jumped");
      const asked = surf.request("bhop", "hang", null, 1500);
      const beganMs = performance.now();
      expect(await asked).toMatchObject({ status: 504, body: { code: "request_timeout" } });
      expect(performance.now() - beganMs).toBeGreaterThan(1400);
      expect(await surf.linked()).toEqual(["bhop"]);
      expect(await bhop.linked()).toEqual(["surf"]);
      expect(surf.node.stdout + bhop.node.stdout).not.toContain("lost");
      expect(await surf.ask("echo", "on", "bhop")).toBe("on");
    },
    20_000,
  );
});
