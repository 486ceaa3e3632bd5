/** Peers that know the secret and do not behave; the nodes they are let in to are real processes. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { frame } from "../helpers/frames.ts";
import {
  FrameType,
  numbered,
  opening,
  packed,
  piece,
  publish,
  request,
  want,
} from "../helpers/mesh-frames.ts";
import { Insider } from "../helpers/mesh-insider.ts";
import { mutations } from "../helpers/mesh-mutations.ts";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { allLinked, eventually, field } from "../helpers/mesh-view.ts";
import { rejection } from "../helpers/turns.ts";

const MiB = 1024 * 1024;

let bed: MeshBed;
let surf: MeshProcess;
let bhop: MeshProcess;
beforeEach(async () => {
  bed = new MeshBed();
  // A short stall, because what it is about is that there is one.
  const limits = { mesh_stall_timeout_ms: 2000 };
  surf = await bed.start({ name: "surf", limits });
  bhop = await bed.start({ name: "bhop", peers: [surf] });
  await allLinked([surf, bhop]);
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

function join(name = "insider"): Promise<Insider> {
  return Insider.join({ port: surf.port, secret: bed.secret, name });
}

/** Asks the survivor again and again while `work` lasts; answers the longest it took. */
async function servedDuring(work: Promise<unknown>): Promise<number> {
  const state = { isOver: false };
  const over = work.finally(() => {
    state.isOver = true;
  });
  let longestMs = 0;
  for (let asked = 0; !state.isOver || asked < 5; asked += 1) {
    const beganMs = performance.now();
    expect(await bhop.ask("echo", asked, "surf")).toBe(asked);
    longestMs = Math.max(longestMs, performance.now() - beganMs);
  }
  await over;
  return longestMs;
}

/** Both nodes are as they were before. */
async function expectUnharmed(): Promise<void> {
  await eventually(
    () => surf.linked(),
    (names) => Bun.deepEquals(names, ["bhop"]),
    5000,
  );
  expect(await bhop.ask("echo", "still", "surf")).toBe("still");
  expect(await surf.ask("echo", "there", "bhop")).toBe("there");
  for (const node of [surf, bhop]) {
    expect((await node.status()).process.uncaughtErrors).toBe(0);
    expect(node.node.stdout).not.toContain("mistake in ccp-mesh");
  }
  expect(bhop.node.stdout).not.toContain("lost");
}

describe("a peer that never reads", () => {
  test("costs a bounded amount, loses messages that are counted, and is closed", async () => {
    using insider = await join();
    insider.send(...opening(), want("pour.>"));
    await eventually(
      () => surf.reached(),
      (names) => names.includes("insider"),
    );
    insider.channel.pause();
    const before = await surf.memoryBytes();
    await surf.ask("pour", { topic: "pour.x", bytes: 4000, perTurn: 20, forMs: 4000 });
    let mostBytes = 0;
    let dropped = 0;
    await servedDuring(
      eventually(
        async () => {
          mostBytes = Math.max(mostBytes, await surf.memoryBytes());
          const seen = (await surf.peers()).find(({ name }) => name === "insider");
          dropped = Math.max(dropped, seen?.counters?.dropped ?? 0);
          return await surf.linked();
        },
        (names) => !names.includes("insider"),
        8000,
      ),
    );
    expect(dropped).toBeGreaterThan(100);
    expect(mostBytes - before).toBeLessThan(64 * MiB);
    // The others have got all of it.
    const poured = await eventually(
      async () => [await surf.ask("poured"), await bhop.ask("poured")],
      ([mine, theirs]) => Bun.deepEquals(field(mine, "sent"), field(theirs, "poured")),
      5000,
    );
    expect(field(poured.answer[0], "sent")).toBeGreaterThan(1000);
    await expectUnharmed();
  }, 30_000);
});

describe("a peer that floods", () => {
  test("with 300,000 messages: others are answered meanwhile", async () => {
    using insider = await join();
    insider.send(...opening());
    const before = await surf.memoryBytes();
    const batch = repeated(frame(5, publish("pour.flood", Buffer.alloc(100))), 1000);
    const longestMs = await servedDuring(pushed(insider, batch, 300));
    expect(longestMs).toBeLessThan(2000);
    await eventually(
      async () => field(await surf.ask("poured"), "poured"),
      (poured) => typeof poured === "number" && poured > 0,
    );
    expect((await surf.memoryBytes()) - before).toBeLessThan(64 * MiB);
    insider[Symbol.dispose]();
    await expectUnharmed();
  }, 30_000);

  test("with 100,000 requests that are never answered: most are turned away, others are served", async () => {
    using insider = await join();
    insider.send(...opening());
    const before = await surf.memoryBytes();
    let id = 0;
    const batch = (): Buffer =>
      Buffer.concat(
        Array.from({ length: 1000 }, () => {
          id += 1;
          return frame(5, request(id, "hang", Buffer.alloc(100)));
        }),
      );
    await servedDuring(pushed(insider, batch, 100));
    await eventually(
      async () => insider.received(FrameType.reply),
      (replies) => replies >= 100_000 - 1024,
    );
    expect((await surf.memoryBytes()) - before).toBeLessThan(64 * MiB);
    insider[Symbol.dispose]();
    await expectUnharmed();
  }, 30_000);

  test("with wants, offers and peers without end: what is kept of them is bounded", async () => {
    using insider = await join();
    insider.send(...opening());
    const before = await surf.memoryBytes();
    let serial = 0;
    const names = (count: number): string[] =>
      Array.from({ length: count }, () => `x.${(serial += 1)}`);
    for (let round = 0; round < 50 && !insider.channel.isOver; round += 1) {
      insider.send(want(...names(1000)));
      await bhop.ask("echo", round, "surf");
    }
    expect(insider.gone).toContain("protocol_error");
    using another = await join("another");
    another.send(...opening());
    for (let round = 0; round < 50 && !another.channel.isOver; round += 1) {
      another.send(packed(FrameType.offer, [1, names(1000)]));
      await bhop.ask("echo", round, "surf");
    }
    expect(another.gone).toContain("protocol_error");
    using third = await join("third");
    for (let round = 0; round < 50 && !third.channel.isOver; round += 1) {
      const added = names(200).map((name) => {
        return [name, createHash("md5").update(name).digest(), 1, null, null];
      });
      third.send(packed(FrameType.peers, [added, []]));
      await bhop.ask("echo", round, "surf");
    }
    third[Symbol.dispose]();
    expect((await surf.memoryBytes()) - before).toBeLessThan(64 * MiB);
    await expectUnharmed();
  }, 30_000);
});

describe("a peer that takes the name of another", () => {
  test.each([0, Number.MAX_SAFE_INTEGER])(
    "with incarnation %d is refused as long as that one is there",
    async (incarnation) => {
      const before = (await surf.peers()).find(({ name }) => name === "bhop");
      for (let tries = 0; tries < 5; tries += 1) {
        for (const name of ["bhop", "surf"]) {
          const joining = Insider.join({ port: surf.port, secret: bed.secret, name, incarnation });
          expect(String(await rejection(joining))).toContain("duplicate_name");
        }
      }
      const after = (await surf.peers()).find(({ name }) => name === "bhop");
      expect(after?.incarnation).toBe(before?.incarnation ?? -1);
      expect(surf.node.stdout).not.toContain("link lost");
      await expectUnharmed();
    },
    20_000,
  );
});

describe("frames that nobody should send", () => {
  test("of a type that no clause names are ignored", async () => {
    using insider = await join();
    insider.send(...opening());
    for (const type of [0x01, 0x07, 0x19, 0x1f, 0x27, 0x2c, 0x7f, 0xff]) {
      insider.send(Buffer.of(type, 1, 2, 3), Buffer.of(type));
    }
    insider.send(request(7, "echo", Buffer.from("still there")));
    await eventually(
      async () => insider.received(FrameType.reply),
      (replies) => replies === 1,
    );
    expect(insider.gone).toBeUndefined();
    insider[Symbol.dispose]();
    await expectUnharmed();
  }, 20_000);

  test.each([
    ["no MessagePack", packed(FrameType.want, 1).fill(0xc1, 1)],
    ["a want that is none", packed(FrameType.want, [1, [[7, null]]])],
    ["nesting without end", Buffer.concat([Buffer.of(FrameType.peers), Buffer.alloc(5000, 0x91)])],
    [
      "a claim of millions",
      Buffer.concat([Buffer.of(FrameType.peers), Buffer.from("ddffffffff", "hex")]),
    ],
    ["a ping of no bytes", Buffer.of(FrameType.ping)],
    ["a credit for nothing sent", numbered(FrameType.credit, 0xff_ff_ff_ff)],
    ["a piece that belongs to nothing", piece(0, Buffer.alloc(10))],
    ["a piece of four gigabytes", piece(1, Buffer.alloc(10), 0xff_ff_ff_ff)],
    ["a publish cut short", Buffer.of(FrameType.publish, 0, 0, 200, 0x61)],
    ["a topic with a wildcard", publish("beat.*", Buffer.alloc(1))],
    ["a request without a service", Buffer.of(FrameType.request, 0, 0, 0, 1, 0, 0, 0, 9, 9, 0, 9)],
    ["a message longer than there are", Buffer.alloc(70_000, FrameType.publish)],
    ["presence that is no map", packed(FrameType.presence, [1])],
    ["presence of too much", packed(FrameType.presence, [{ text: "x".repeat(40_000) }])],
  ])(
    "%s: gone, protocol_error, and the end",
    async (_what, bytes) => {
      using insider = await join();
      insider.send(...opening(), bytes);
      await insider.channel.ended();
      expect(insider.gone).toContain("protocol_error");
      await expectUnharmed();
    },
    20_000,
  );

  test("thousands of them, mutated by chance: the node survives and others are served", async () => {
    const mutated = mutations(20_261_122);
    let sent = 0;
    let joined = 0;
    const attack = async (): Promise<void> => {
      while (sent < 20_000) {
        using insider = await join(`insider-${joined % 5}`);
        joined += 1;
        insider.send(...opening());
        // What was not read when the end came does not count.
        for (let turn = 0; turn < 60 && !insider.channel.isOver; turn += 1) {
          insider.send(mutated(), mutated(), mutated());
          sent += 3;
          await Bun.sleep(0);
        }
      }
    };
    await servedDuring(attack());
    expect(joined).toBeGreaterThan(10);
    await expectUnharmed();
  }, 60_000);
});

function repeated(bytes: Buffer, times: number): () => Buffer {
  const all = Buffer.concat(Array.from({ length: times }, () => bytes));
  return () => all;
}

/** Sends so many batches, as fast as they are taken. */
async function pushed(insider: Insider, batch: () => Buffer, times: number): Promise<void> {
  for (let sent = 0; sent < times; sent += 1) {
    insider.channel.write(batch());
    while (insider.channel.queuedBytes > MiB) await Bun.sleep(1);
    if (sent % 5 === 0) await Bun.sleep(0);
  }
  while (insider.channel.queuedBytes > 0) await Bun.sleep(1);
}
