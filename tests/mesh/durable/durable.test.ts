import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { DrainedRegistration } from "../../../mesh/drained-registration.ts";
import type { DurableMessage } from "../../../mesh/durable/consumer.ts";
import { HANDLER_GRACE_MS } from "../../../mesh/durable/limits.ts";
import { encode, type Registration } from "../../../src/index.ts";
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
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

function depths({ durable }: BedNode): Record<string, number> {
  const queues = durable.status()?.queues ?? [];
  return Object.fromEntries(queues.map(({ name, depth }) => [name, depth]));
}

describe("a durable message", () => {
  test("reaches the consumers of another node, in order, and those who merely subscribe", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const kills = await bhop.collect("kills", "game.kill");
    for (let n = 0; n < 500; n += 1) void surf.durable.publish("game.kill", { n });
    await surf.durable.publish("game.map", "not wanted");
    await kills.has(500);
    expect(kills.payloads).toEqual(Array.from({ length: 500 }, (_, n) => ({ n })));
    expect(kills.messages[0]).toMatchObject({
      topic: "game.kill",
      from: "surf",
      kind: "value",
      isRedelivered: false,
    });
    expect(new Set(kills.messages.map(({ id }) => id)).size).toBe(500);
    expect(surf.published.length).toBe(501);
  });

  test("waits on the disk of its publisher while the other node is away", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await bed.stop(bhop);
    await surf.durable.publish("game.kill", 1);
    await surf.durable.publish("game.kill", 2);
    expect(depths(surf)["peer:bhop"]).toBe(2);
    const again = await bed.start("bhop");
    const kills = await again.collect("kills", "game.>");
    await kills.has(2);
    expect(kills.payloads).toEqual([1, 2]);
    await settle();
    expect(depths(surf)["peer:bhop"]).toBe(0);
  });

  test("waits across restarts of its publisher, which still knows who wants it", async () => {
    let surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 0);
    await bed.stop(bhop);
    await surf.durable.publish("game.kill", 1);
    await bed.stop(surf);
    surf = await bed.start("surf");
    await surf.durable.publish("game.kill", 2);
    const again = await bed.start("bhop");
    const kills = await again.collect("kills", "game.>");
    await kills.has(2);
    expect(kills.payloads.slice(-2)).toEqual([1, 2]);
  });

  test("waits on the disk of the other node while nobody handles it there", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const first = await bhop.collect("kills", "game.>");
    first.stop();
    await surf.durable.publish("game.kill", 1);
    await until(() => depths(bhop)["inbox:kills"] === 1);
    await bed.stop(bhop);
    const again = await bed.start("bhop");
    const kills = await again.collect("kills", "game.>");
    await kills.has(1);
    expect([first.payloads, kills.payloads]).toEqual([[], [1]]);
  });

  test("that was kept, but whose confirmation was lost, is handled once", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const kills = await bhop.collect("kills", "game.>");
    bed.lostAnswers.push("durable.deliver", "durable.deliver");
    await surf.durable.publish("game.kill", 1);
    await kills.has(1);
    for (let tries = 0; tries < 3; tries += 1) {
      bed.clock.advance(1000);
      await settle();
    }
    await surf.durable.publish("game.kill", 2);
    await kills.has(2);
    expect(kills.payloads).toEqual([1, 2]);
    expect(depths(surf)["peer:bhop"]).toBe(0);
    expect(surf.durable.status()?.peers).toMatchObject([
      { node: "bhop", sent: 2, failed: 2, retried: 2, buried: 0 },
    ]);
  });

  test("reaches each consumer of each node that wants it, this one's among them", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const here = await surf.collect("here", "game.*");
    const all = await bhop.collect("all", "game.>");
    const some = await bhop.collect("some", "game.kill");
    await surf.durable.publish("game.kill", 1);
    await surf.durable.publish("game.map", 2);
    await Promise.all([here.has(2), all.has(2), some.has(1)]);
    await settle();
    expect([here.payloads, all.payloads, some.payloads]).toEqual([[1, 2], [1, 2], [1]]);
  });

  test("has one id for all consumers of a node", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    for (const node of [surf, bhop]) {
      const one = await node.collect("one", "game.kill");
      const other = await node.collect("other", "game.>");
      await surf.durable.publish("game.kill", 1);
      await Promise.all([one.has(1), other.has(1)]);
      expect(one.messages[0]?.id).toBe(String(other.messages[0]?.id));
    }
  });

  test("of bytes arrives as they are, also where the publisher changes them at once", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const raw = await bhop.collect("raw", "raw");
    const bytes = new Uint8Array([1, 2, 3]);
    const published = surf.durable.publish("raw", bytes);
    bytes.fill(9);
    await published;
    await raw.has(1);
    expect(raw.messages[0]?.payload).toEqual(Buffer.from([1, 2, 3]));
    expect(surf.published[0]?.payload).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("reaches a node that has another name now", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const before = await bhop.collect("kills", "game.>");
    for (let n = 0; n < 5; n += 1) await surf.durable.publish("game.kill", n);
    await before.has(5);
    await bed.stop(bhop);
    const kz = await bed.start("kz", "bhop");
    const after = await kz.collect("kills", "game.>");
    await surf.durable.publish("game.kill", "for the new name");
    await after.has(1);
    expect(after.payloads).toEqual(["for the new name"]);
  });

  test("that nobody wants is kept nowhere", async () => {
    const surf = await bed.start("surf");
    await surf.durable.publish("game.kill", 1);
    expect(surf.durable.status()?.queues).toEqual([]);
  });

  test("on no topic, or of no payload, is refused and kept nowhere", async () => {
    const surf = await bed.start("surf");
    await surf.collect("all", ">");
    const wrong = [
      surf.durable.publish("a..b", 1),
      surf.durable.publish("a", new Uint8Array(1024 * 1024 + 1)),
      surf.durable.publish("a", () => 1),
    ];
    const errors = await Promise.all(wrong.map(rejection));
    expect(errors).toMatchObject([
      { code: "invalid_topic" },
      { code: "invalid_payload" },
      { code: "invalid_payload" },
    ]);
    expect(depths(surf)["inbox:all"]).toBe(0);
  });
});

describe("a queue that is full", () => {
  test.each([true, false])("is told in the log, whoever waits: durable %p", async (isDurable) => {
    const surf = await bed.start("surf");
    const queue = surf.durable.open().queue("c:logs", { bytesMax: 50, whenFull: "refuse" });
    const encode = (): Uint8Array => Buffer.alloc(30);
    surf.durable.tap(["a"], { queue, encode, onAppended: () => {} });
    const publish = async (): Promise<unknown> =>
      isDurable ? await surf.durable.publish("a", 1) : await surf.durable.publishTapped("a", 1);
    await publish();
    expect(bed.log.messages("warn")).toEqual([]);
    for (let n = 0; n < 3; n += 1) {
      expect(await rejection(publish())).toMatchObject({ code: "full" });
    }
    expect(bed.log.messages("warn")).toEqual([
      expect.stringContaining('what is published is refused: the queue "c:logs" is full'),
    ]);
    queue.removeUpTo(1);
    bed.clock.advance(30_000);
    await publish();
    bed.clock.advance(30_000);
    expect(bed.log.messages("info")).toEqual(["what is published is kept again"]);
  });
});

describe("a handler", () => {
  test("that fails has the message again later, marked as such, and then the next", async () => {
    const surf = await bed.start("surf");
    const seen: unknown[] = [];
    let fails = 2;
    await surf.durable.consume("kills", "game.>", ({ payload, isRedelivered }) => {
      seen.push([payload, isRedelivered]);
      if (fails > 0) {
        fails -= 1;
        throw new Error("the database is away");
      }
    });
    await surf.durable.publish("game.kill", 1);
    await surf.durable.publish("game.kill", 2);
    await until(() => seen.length === 1);
    for (let tries = 0; tries < 2; tries += 1) {
      await settle();
      bed.clock.advance(30_000);
    }
    await until(() => seen.length === 4);
    expect(seen).toEqual([
      [1, false],
      [1, true],
      [1, true],
      [2, false],
    ]);
    expect(bed.log.messages("error")).not.toEqual([]);
  });

  test("that keeps failing has the message set aside, to be replayed", async () => {
    const surf = await bed.start("surf");
    const seen: unknown[] = [];
    let isBroken = true;
    await surf.durable.consume("kills", "game.>", async ({ payload }) => {
      if (isBroken && payload === "poison") throw new Error("cannot read it");
      seen.push(payload);
    });
    await surf.durable.publish("game.kill", "poison");
    await surf.durable.publish("game.kill", "good");
    for (let tries = 0; tries < 5; tries += 1) {
      await settle();
      bed.clock.advance(30_000);
    }
    await until(() => seen.length === 1);
    const queue = surf.durable.opened?.opened("inbox:kills");
    await until(() => queue?.status().dead === 1);
    const [letter] = queue?.deadLetters.read({ countMax: 10, bytesMax: 10_000 }) ?? [];
    expect(letter?.reason).toBe("cannot read it");
    expect(bed.log.messages("error")).toEqual([
      "the consumer kills failed",
      "the consumer kills failed 5 times on a message, which is set aside",
    ]);
    isBroken = false;
    if (queue !== undefined) await surf.durable.replay(queue, letter?.seq ?? 0);
    await until(() => seen.length === 2);
    expect(seen).toEqual(["good", "poison"]);
  });

  test("that never ends has failed after a minute, and the others are served meanwhile", async () => {
    const surf = await bed.start("surf");
    const seen: unknown[] = [];
    let calls = 0;
    await surf.durable.consume("stuck", "game.>", () => {
      calls += 1;
      return calls === 1 ? new Promise(() => {}) : undefined;
    });
    const other = await surf.collect("other", "game.>");
    await surf.durable.publish("game.kill", 1);
    await other.has(1);
    await until(() => calls === 1);
    bed.clock.advance(60_000);
    await settle();
    bed.clock.advance(30_000);
    await until(() => calls === 2);
    expect(seen).toEqual([]);
  });

  test("that was at work when the node stopped has the message again, marked", async () => {
    const surf = await bed.start("surf");
    const begun = Promise.withResolvers<void>();
    await surf.durable.consume("slow", "game.>", () => {
      begun.resolve();
      return new Promise(() => {});
    });
    await surf.durable.publish("game.kill", 1);
    await begun.promise;
    await bed.stop(surf);
    const again = await bed.start("surf");
    const slow = await again.collect("slow", "game.>");
    await slow.has(1);
    expect(slow.messages).toMatchObject([{ payload: 1, isRedelivered: true }]);
    await again.durable.publish("game.kill", 2);
    await slow.has(2);
    expect(slow.messages[1]?.isRedelivered).toBe(false);
  });

  test("that ends within its grace has had the message; one that does not, holds nothing up", async () => {
    const surf = await bed.start("surf");
    const gate = Promise.withResolvers<void>();
    const taken: DrainedRegistration[] = [];
    const keep = (registration: DrainedRegistration): Registration => {
      taken.push(registration);
      return registration;
    };
    const seen: unknown[] = [];
    const handlers = { ends: () => gate.promise, hangs: () => new Promise<void>(() => {}) };
    for (const [name, work] of Object.entries(handlers)) {
      const handler = ({ payload }: DurableMessage): Promise<void> => {
        seen.push(payload);
        return work();
      };
      await surf.durable.consume(name, "game.>", handler, keep);
    }
    await surf.durable.publish("game.kill", 1);
    await surf.durable.publish("game.kill", 2);
    await until(() => seen.length === 2);
    for (const registration of taken) registration.remove();
    const [ends, hangs] = taken.map((registration) => registration.drained());
    gate.resolve();
    await ends;
    await surf.durable.opened?.flush();
    expect(depths(surf)).toMatchObject({ "inbox:ends": 1, "inbox:hangs": 2 });
    bed.clock.advance(HANDLER_GRACE_MS);
    await hangs;
    expect(seen).toEqual([1, 1]);
  });

  test("can be had by one at a time", async () => {
    const surf = await bed.start("surf");
    const first = await surf.collect("kills", "game.>");
    const second = surf.durable.consume("kills", "game.>", () => {});
    expect(await rejection(second)).toMatchObject({ code: "name_taken" });
    first.stop();
    await surf.collect("kills", "game.>");
  });
});

describe("a consumer", () => {
  test("that is forgotten has nothing kept for it, here or elsewhere", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 1);
    await bhop.durable.forget("kills");
    await settle();
    await surf.durable.publish("game.kill", 2);
    expect(depths(surf)).toEqual({});
    expect(depths(bhop)).toEqual({});
    expect(surf.durable.status()?.peers).toEqual([]);
  });

  test("that is forgotten while a message is kept for it, and comes back, has what comes then", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 1);
    await Promise.allSettled([
      surf.durable.publish("game.kill", 2),
      bhop.durable.forget("kills"),
      surf.durable.publish("game.kill", 3),
    ]);
    const kills = await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 4);
    await until(() => kills.payloads.at(-1) === 4);
  });

  test("can start again while it is being forgotten", async () => {
    const surf = await bed.start("surf");
    (await surf.collect("kills", "game.>")).stop();
    const forgotten = surf.durable.forget("kills");
    const kills = await surf.collect("kills", "game.>");
    await forgotten;
    await surf.durable.publish("game.kill", 1);
    await kills.has(1);
    expect(depths(surf)).toHaveProperty("inbox:kills");
  });

  test("has not handled a message before whatever its handler returned has settled", async () => {
    const surf = await bed.start("surf");
    const work = Promise.withResolvers<void>();
    let calls = 0;
    await surf.durable.consume("kills", "game.>", () => {
      calls += 1;
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested
      return { then: (...callbacks) => work.promise.then(...callbacks) };
    });
    await surf.durable.publish("game.kill", 1);
    await until(() => calls === 1);
    await settle();
    expect(depths(surf)["inbox:kills"]).toBe(1);
    work.reject(new Error("the database is gone"));
    await until(() => surf.durable.status()?.consumers[0]?.failed === 1);
    expect(depths(surf)["inbox:kills"]).toBe(1);
  });

  test("with another pattern has what matches that from then on", async () => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    (await bhop.collect("kills", "game.kill")).stop();
    const maps = await bhop.collect("kills", "game.map");
    await surf.durable.publish("game.kill", 1);
    await surf.durable.publish("game.map", 2);
    await maps.has(1);
    await settle();
    expect(maps.payloads).toEqual([2]);
  });

  test.each(["", "a b", "x".repeat(65), "a/b"])("cannot be called %j", async (name) => {
    const surf = await bed.start("surf");
    expect(await rejection(surf.durable.consume(name, "a", () => {}))).toMatchObject({
      code: "invalid_option",
    });
  });

  test("is one too many past a hundred", async () => {
    const surf = await bed.start("surf");
    for (let n = 0; n < 100; n += 1) await surf.durable.consume(`c${n}`, "a", () => {});
    expect(await rejection(surf.durable.consume("one", "a", () => {}))).toMatchObject({
      code: "invalid_option",
    });
  });
});

describe("a tap", () => {
  test("keeps what is published here, durably or not, and is told", async () => {
    const surf = await bed.start("surf");
    const queue = surf.durable.open().queue("tap", { bytesMax: 10_000, whenFull: "refuse" });
    let told = 0;
    const registration = surf.durable.tap(["game.*", "game.kill"], {
      queue,
      encode: (topic, payload) => encode([topic, payload]),
      onAppended: () => {
        told += 1;
      },
    });
    await surf.durable.publish("game.kill", 1);
    await surf.durable.publishTapped("game.map", 2);
    await surf.durable.publishTapped("other", 3);
    expect([queue.status().depth, told]).toEqual([2, 2]);
    registration.remove();
    await surf.durable.publish("game.kill", 4);
    expect(queue.status().depth).toBe(2);
  });

  test("that is full refuses, the publisher is told, and other taps have it", async () => {
    const surf = await bed.start("surf");
    const full = surf.durable.open().queue("full", { bytesMax: 20, whenFull: "refuse" });
    const roomy = surf.durable.open().queue("roomy", { bytesMax: 10_000, whenFull: "refuse" });
    for (const queue of [full, roomy]) {
      surf.durable.tap([">"], { queue, encode: () => new Uint8Array(4), onAppended: () => {} });
    }
    await surf.durable.publish("a", 1);
    expect(await rejection(surf.durable.publish("a", 2))).toMatchObject({ code: "full" });
    expect(await rejection(surf.durable.publishTapped("a", 3))).toMatchObject({ code: "full" });
    expect([full.status().depth, roomy.status().depth]).toEqual([1, 3]);
  });
});

test("of more nodes than can be known, the one that has been away for longest is forgotten", async () => {
  const surf = await bed.start("surf");
  const bhop = await bed.start("bhop");
  await bhop.collect("all", ">");
  for (let n = 0; n < 255; n += 1) await surf.ask("durable.want", `container-${n}`, ["game.kill"]);
  await surf.durable.publish("game.kill", 1);
  expect(surf.durable.status()?.peers.length).toBe(256);
  await surf.ask("durable.want", "one-more", ["game.kill"]);
  const peers = surf.durable.status()?.peers.map(({ node }) => node) ?? [];
  expect(peers.length).toBe(256);
  expect(peers).toContain("bhop");
  expect(peers).toContain("one-more");
  expect(peers).not.toContain("container-0");
  expect(depths(surf)).not.toHaveProperty("peer:container-0");
});

describe("what no node sends", () => {
  test.each([
    [null],
    [[]],
    [["store", "entries"]],
    [["store", [[1]]]],
    [["store", [[1, "text"]]]],
    [["store", [[1, new Uint8Array([0xc1])]]]],
    [
      [
        "store",
        [
          [2, encode(["a", "raw", 1, new Uint8Array()])],
          [1, encode(["a", "raw", 1, new Uint8Array()])],
        ],
      ],
    ],
    [
      [
        "store",
        Array.from({ length: 257 }, (_, n) => [n + 1, encode(["a", "raw", 1, new Uint8Array()])]),
      ],
    ],
  ])("is refused, and the next delivery is taken: %j", async (payload) => {
    const surf = await bed.start("surf");
    const bhop = await bed.start("bhop");
    const all = await bhop.collect("all", ">");
    expect(await rejection(bhop.ask("durable.deliver", "surf", payload))).toMatchObject({
      code: "remote_failure",
    });
    await surf.durable.publish("game.kill", 1);
    await all.has(1);
    expect(all.payloads).toEqual([1]);
  });

  test.each([[null], ["game"], [[7]], [["a..b"]], [Array(101).fill("a")]])(
    "is no want: %j",
    async (payload) => {
      const surf = await bed.start("surf");
      expect(await rejection(surf.ask("durable.want", "bhop", payload))).toBeInstanceOf(Error);
      await surf.durable.publish("a", 1);
      expect(surf.durable.status()?.queues).toEqual([]);
    },
  );
});
