/** What rogue nodes, hasty plugins and small limits do to durable messages. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as v from "valibot";
import { SENDERS_MAX, STORES_SEEN_MAX } from "../../../mesh/durable/limits.ts";
import { encode } from "../../../src/index.ts";
import { nextTurn, rejection, until } from "../../helpers/turns.ts";
import { type BedNode, DurableBed } from "./durable-bed.ts";

let bed: DurableBed;
beforeEach(() => {
  bed = new DurableBed();
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

/** Lets the disk and the others do their work. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await nextTurn();
}

function delivery(store: string, ...seqs: readonly number[]): unknown {
  return [store, seqs.map((seq) => [seq, encode(["game.kill", "value", 1, encode(seq)])])];
}

function seenRecords({ durable }: BedNode): string[] {
  return durable.opened?.records.keys().filter((key) => key.startsWith("seen:")) ?? [];
}

describe("a rogue node", () => {
  test("cannot say what another one has sent", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const kills = await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", "first");
    await kills.has(1);
    const store = kills.messages[0]?.id.split(":")[0] ?? "";
    await bhop.ask("durable.deliver", "evil", delivery(store, Number.MAX_SAFE_INTEGER));
    await surf.durable.publish("game.kill", "second");
    await kills.has(3);
    expect(kills.messages.filter(({ from }) => from === "surf").map((m) => m.payload)).toEqual([
      "first",
      "second",
    ]);
  });

  test("that invents outboxes fills nothing, and only what it sent again comes again", async () => {
    const bhop = await bed.start("bhop");
    const kills = await bhop.collect("kills", "game.>");
    for (let store = 0; store <= STORES_SEEN_MAX; store += 1) {
      await bhop.ask("durable.deliver", "evil", delivery(`store-${store}`, 1));
    }
    expect(seenRecords(bhop)).toEqual(["seen:evil"]);
    for (let store = 1; store <= STORES_SEEN_MAX; store += 1) {
      await bhop.ask("durable.deliver", "evil", delivery(`store-${store}`, 1));
    }
    await settle();
    expect(kills.messages.length).toBe(STORES_SEEN_MAX + 1);
  });

  test("of ever another name is remembered as little as the latest of them", async () => {
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    const names = Array.from({ length: SENDERS_MAX + 20 }, (_, at) => `evil-${at}`);
    await Promise.all(names.map((name) => bhop.ask("durable.deliver", name, delivery("store", 1))));
    expect(seenRecords(bhop).length).toBeLessThanOrEqual(SENDERS_MAX + 1);
  });

  test("that names no outbox as one is called is refused", async () => {
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    const sent = bhop.ask("durable.deliver", "evil", delivery("x".repeat(65), 1));
    expect(await rejection(sent)).toMatchObject({ code: "remote_failure" });
  });

  test.each([0, -1, 2, 1e9, Number.NaN, "1", null, {}])(
    "that confirms %p of what has the number 1 has nothing let go of",
    async (upTo) => {
      const surf = await bed.start("surf");
      const evil = await bed.start("evil");
      evil.services.set("durable.deliver", () => ({ upTo }));
      await surf.ask("durable.want", "evil", ["game.>"]);
      await surf.durable.publish("game.kill", 1);
      await settle();
      expect(surf.durable.status()?.queues).toMatchObject([{ name: "peer:evil", depth: 1 }]);
      expect(surf.durable.status()?.peers).toMatchObject([{ state: "waiting", sent: 0 }]);
    },
  );

  test("that confirms one at a time is counted as that", async () => {
    const surf = await bed.start("surf");
    const slow = await bed.start("slow");
    slow.services.set("durable.deliver", ({ payload }) => {
      const [, entries] = v.parse(v.tuple([v.string(), v.array(v.array(v.unknown()))]), payload);
      return { upTo: entries[0]?.[0] };
    });
    await surf.ask("durable.want", "slow", ["game.>"]);
    for (let n = 0; n < 5; n += 1) void surf.durable.publish("game.kill", n);
    await until(() => surf.durable.status()?.queues[0]?.appended === 5);
    await until(() => surf.durable.status()?.peers[0]?.state === "idle");
    expect(surf.durable.status()?.peers).toMatchObject([{ sent: 5 }]);
  });

  test("that never answers holds up nobody else", async () => {
    const surf = await bed.start("surf");
    const [evil, bhop] = [await bed.start("evil"), await bed.start("bhop")];
    evil.services.set("durable.deliver", () => new Promise(() => {}));
    await surf.ask("durable.want", "evil", ["game.>"]);
    const kills = await bhop.collect("kills", "game.>");
    for (let n = 0; n < 10; n += 1) await surf.durable.publish("game.kill", n);
    await kills.has(10);
    expect(kills.payloads).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("wants", () => {
  test("that are taken back and told again at once are those told last", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const kills = await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 1);
    await kills.has(1);
    await Promise.all([
      surf.ask("durable.want", "bhop", []),
      surf.ask("durable.want", "bhop", ["game.>"]),
    ]);
    await surf.durable.publish("game.kill", 2);
    await kills.has(2);
    expect(kills.payloads).toEqual([1, 2]);
  });

  test("of as many long topics as a node may want are known after a restart", async () => {
    let surf = await bed.start("surf");
    surf.durable.open();
    const patterns = Array.from({ length: 100 }, (_, at) => `${"x".repeat(240)}.${at}`);
    await surf.ask("durable.want", "bhop", patterns);
    await bed.stop(surf);
    surf = await bed.start("surf");
    expect(surf.durable.status()?.peers).toMatchObject([{ node: "bhop", patterns }]);
  });

  test("of a node that does not come back are forgotten by hand, with what waits", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 1);
    await settle();
    expect(surf.durable.isInUse("peer:bhop")).toBe(true);
    await bed.stop(bhop);
    await surf.durable.publish("game.kill", 2);
    expect(surf.durable.isInUse("peer:bhop")).toBe(false);
    await surf.durable.discard("peer:bhop");
    await surf.durable.publish("game.kill", 3);
    expect(surf.durable.status()).toMatchObject({ queues: [], peers: [] });
    const again = await bed.start("bhop");
    await again.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 4);
    expect(surf.durable.status()).toMatchObject({ queues: [{ name: "peer:bhop" }] });
  });
});

describe("a payload", () => {
  test("as long as a delivery can carry is delivered, and a longer one refused", async () => {
    bed.payloadBytesMax = 16 * 1024;
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const kills = await bhop.collect("kills", "game.>");
    const topic = `game.${"x".repeat(250)}`;
    const longest = new Uint8Array(15 * 1024);
    await surf.durable.publish(topic, longest);
    const tooLong = surf.durable.publish(topic, new Uint8Array(15 * 1024 + 1));
    expect(await rejection(tooLong)).toMatchObject({ code: "invalid_payload" });
    await surf.durable.publish("game.kill", "next");
    await kills.has(2);
    expect(kills.payloads).toEqual([longest, "next"]);
  });

  test.each([2048, 16 * 1024])(
    "of many small ones fits, in batches, where requests may have %i bytes",
    async (bytesMax) => {
      bed.payloadBytesMax = bytesMax;
      const surf = await bed.start("surf");
      const bhop = await bed.start("bhop");
      const kills = await bhop.collect("kills", "game.>");
      await bed.stop(bhop);
      for (let n = 0; n < 300; n += 1) void surf.durable.publish("game.kill", n);
      await surf.durable.publish("game.kill", "x".repeat(1000));
      const again = await bed.start("bhop");
      const more = await again.collect("kills", "game.>");
      await more.has(301);
      expect([kills.payloads.length, more.payloads.length]).toEqual([0, 301]);
    },
  );

  test("kept when longer ones were allowed is set aside, and those behind it arrive", async () => {
    let surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await bed.stop(bhop);
    await surf.durable.publish("game.kill", "x".repeat(10_000));
    await surf.durable.publish("game.kill", "short");
    await bed.stop(surf);
    bed.payloadBytesMax = 4096;
    surf = await bed.start("surf");
    const again = await bed.start("bhop");
    const kills = await again.collect("kills", "game.>");
    await kills.has(1);
    expect(kills.payloads).toEqual(["short"]);
    const queue = surf.durable.opened?.opened("peer:bhop");
    const [letter] = queue?.deadLetters.read({ countMax: 9, bytesMax: 1e6 }) ?? [];
    expect(letter?.reason).toContain("where 4096 are allowed");
    expect(surf.durable.status()?.peers).toMatchObject([
      { node: "bhop", sent: 1, failed: 0, retried: 0, buried: 1 },
    ]);
  });
});

describe("a consumer that is given another handler", () => {
  /** Handles nothing before it may. */
  async function busy(node: BedNode) {
    const gate = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    const handler = async ({
      payload,
      isRedelivered,
    }: {
      payload: unknown;
      isRedelivered: boolean;
    }) => {
      seen.push(isRedelivered ? `${String(payload)} again` : payload);
      await gate.promise;
    };
    const first = await node.durable.consume("kills", "game.>", handler);
    for (let n = 0; n < 4; n += 1) await node.durable.publish("game.kill", n);
    await until(() => seen.length > 0);
    return { gate, seen, handler, first };
  }

  test("has each message once, in order, though the first was still at work", async () => {
    const surf = await bed.start("surf");
    const { gate, seen, first } = await busy(surf);
    first.remove();
    const later = await surf.collect("kills", "game.>");
    await settle();
    gate.resolve();
    await later.has(3);
    await settle();
    expect([seen, later.payloads]).toEqual([[0], [1, 2, 3]]);
    expect(later.messages.filter(({ isRedelivered }) => isRedelivered)).toEqual([]);
  });

  test("has each message once, though it is the same function", async () => {
    const surf = await bed.start("surf");
    const { gate, seen, handler, first } = await busy(surf);
    first.remove();
    await surf.durable.consume("kills", "game.>", handler);
    await settle();
    gate.resolve();
    await until(() => seen.length >= 4);
    await settle();
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test("has what the first has failed on, marked", async () => {
    const surf = await bed.start("surf");
    const { gate, seen, first } = await busy(surf);
    first.remove();
    const later = await surf.collect("kills", "game.>");
    gate.reject(new Error("no"));
    await later.has(4);
    expect(seen).toEqual([0]);
    expect(later.messages.map(({ isRedelivered }) => isRedelivered)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test("keeps it when the first is taken away once more", async () => {
    const surf = await bed.start("surf");
    const first = await surf.durable.consume("kills", "game.>", () => {});
    first.remove();
    const later = await surf.collect("kills", "game.>");
    first.remove();
    await surf.durable.publish("game.kill", 1);
    await later.has(1);
  });

  test("keeps the first where the second came while the first was being written down", async () => {
    const surf = await bed.start("surf");
    const seen: string[] = [];
    const [first, second] = await Promise.allSettled([
      surf.durable.consume("kills", "game.>", () => void seen.push("first")),
      surf.durable.consume("kills", "game.>", () => void seen.push("second")),
    ]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { code: "name_taken" } });
    await surf.durable.publish("game.kill", 1);
    await until(() => seen.length > 0);
    expect(seen).toEqual(["first"]);
  });

  test("a hundred times loses and doubles nothing", async () => {
    const surf = await bed.start("surf");
    const seen: unknown[] = [];
    for (let round = 0; round < 100; round += 1) {
      const registration = await surf.durable.consume("kills", "game.>", async ({ payload }) => {
        seen.push(payload);
        await nextTurn();
      });
      await surf.durable.publish("game.kill", 2 * round);
      await surf.durable.publish("game.kill", 2 * round + 1);
      registration.remove();
    }
    await surf.durable.consume("kills", "game.>", ({ payload }) => void seen.push(payload));
    await until(() => seen.length >= 200);
    await settle();
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  test("is told of as its plugin's from the moment it handles", async () => {
    const surf = await bed.start("surf");
    const kept: string[] = [];
    const consuming = surf.durable.consume(
      "kills",
      "game.>",
      () => {},
      (registration) => {
        kept.push("kept");
        return registration;
      },
    );
    await until(() => surf.durable.isInUse("inbox:kills") && kept.length > 0);
    await consuming;
  });
});

describe("handlers", () => {
  test("that publish durably themselves go on for ever, and the others with them", async () => {
    const surf = await bed.start("surf");
    let rounds = 0;
    const registration = await surf.durable.consume("loop", "loop", async () => {
      rounds += 1;
      await surf.durable.publish("loop", rounds);
    });
    const others = await surf.collect("others", "game.>");
    await surf.durable.publish("loop", 0);
    await surf.durable.publish("game.kill", 1);
    await Promise.all([others.has(1), until(() => rounds > 20)]);
    registration.remove();
    const inbox = () => surf.durable.status()?.queues.find(({ name }) => name === "inbox:loop");
    // What is being handled may still be there beside what it has published.
    await until(() => inbox()?.depth === 1);
  });

  test("that fail for ever hold up no other consumer", async () => {
    const surf = await bed.start("surf");
    await surf.durable.consume("broken", "game.>", () => Promise.reject(new Error("no")));
    const others = await surf.collect("others", "game.>");
    for (let n = 0; n < 20; n += 1) await surf.durable.publish("game.kill", n);
    await others.has(20);
    expect(others.payloads.length).toBe(20);
  });
});
